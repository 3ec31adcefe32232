import Formats
import Foundation
import Testing

/// Damaged files of every format, and how fast sound ones are read: a few in every test, all of it by `./test --fuzz`,
/// which writes `docs/robustness.md`. One at a time, since times are measured.
@Suite(.serialized) enum Fuzz {}

extension Fuzz {
  /// Inputs a format; nil where only a slice is read, as in an ordinary test.
  static let wanted = ProcessInfo.processInfo.environment["UAE_FUZZ_INPUTS"].flatMap { Int($0) }

  @Suite(.serialized) struct DamagedFiles {
    private static let worker = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "fuzz-worker").path
    static let formats = (try? run([Fixtures.folder])?.output.split(separator: "\n").map(String.init)) ?? []

    private struct Tally: Decodable {
      let inputs, refused, accepted, slowest, peakBefore, peakAfter: Int
      let unclear: [String]
      let slowestMilliseconds: Double
    }

    @Test func allFormatsThatAreReadAreDamaged() {
      #expect(Set(FileFormats.all.map(\.name) + ["tar", "torch.export"]).isSubset(of: Self.formats))
      let gzipped = FileFormats.all.filter(\.mayBeGzipped).map { $0.name + ".gz" }
      #expect(Set(gzipped + ["tar.gz"]).isSubset(of: Self.formats))
    }

    /// In processes of their own: a reader that crashed would take one with it, and the test would say so.
    @Test(arguments: formats) func aDamagedFileIsReadOrRefusedInOneLine(format: String) throws {
      // A file of MATLAB's or of HDF5 costs processes, where others cost some ten microseconds.
      let count = wanted ?? (["MATLAB", "HDF5"].contains(format) ? 40 : 2000)
      let parts = count < 10_000 ? 1 : 2 * ProcessInfo.processInfo.activeProcessorCount
      let started = ContinuousClock.now
      let workers = try (0..<parts).map { part in
        let range = count * part / parts..<count * (part + 1) / parts
        return try Started(
          Self.worker, [format, "\(range.lowerBound)", "\(range.count)", Fixtures.folder])
      }
      let tallies = try workers.map { worker in
        let end = try worker.end()
        try #require(end.status == 0, "\(format): \(end.output.suffix(3000))")
        return try JSONDecoder().decode(Tally.self, from: Data(end.output.utf8))
      }
      #expect(tallies.flatMap(\.unclear) == [])
      #expect(tallies.reduce(0) { $0 + $1.inputs } == count)
      #expect(tallies.reduce(0) { $0 + $1.refused + $1.accepted } == count)
      let growth = tallies.map { $0.peakAfter - $0.peakBefore }.max() ?? 0
      // No seed is larger than 11 KB, which deflate's ratio makes 11 MB.
      #expect(growth < 64 << 10, "peak memory grew by \(growth) KiB")
      guard Fuzz.wanted != nil,
        let slowest = tallies.max(by: { $0.slowestMilliseconds < $1.slowestMilliseconds })
      else { return }
      RobustnessPage.shared.enter(
        .init(
          format: format, inputs: count, refused: tallies.reduce(0) { $0 + $1.refused },
          accepted: tallies.reduce(0) { $0 + $1.accepted }, slowestMilliseconds: slowest.slowestMilliseconds,
          growthKiB: growth, seconds: started.duration(to: .now) / .seconds(1)))
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, output: String)? {
      try Started(worker, arguments).end()
    }
  }
}

/// A process whose output goes to a file, so that however much it is, nothing waits.
private final class Started {
  private let process = Process()
  private let path = NSTemporaryDirectory() + "fuzz-\(UUID().uuidString)"

  init(_ program: String, _ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    try Data().write(to: URL(fileURLWithPath: path))
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func end() throws -> (status: Int32, output: String) {
    process.waitUntilExit()
    let output = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    return (
      process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus, output
    )
  }
}
