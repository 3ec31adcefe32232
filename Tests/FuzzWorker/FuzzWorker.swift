import Formats
import Foundation

/// Reads damaged files of one format and says what became of them, in a process of its own: if one of them crashes a
/// reader, this process dies of it and `inputs` of the last line it wrote is not what was asked for.
///
///     fuzz-worker [FORMAT FIRST COUNT] FIXTURES
@main enum FuzzWorker {
  static func main() throws {
    let arguments = CommandLine.arguments
    let formats = try FuzzedFormat.all(fixtures: arguments.last ?? "")
    guard arguments.count == 5, let first = Int(arguments[2]), let count = Int(arguments[3]),
      let format = formats.first(where: { $0.name == arguments[1] })
    else {
      print(formats.map(\.name).joined(separator: "\n"))
      exit(2)
    }
    // Some formats are read from a path: a file in memory where there is such a file system.
    let folder = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let path = "\(folder)/fuzzed-\(getpid())"
    defer { unlink(path) }
    func read(_ bytes: [UInt8]) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      try format.read(FileBytes(mapping: path))
    }
    // The undamaged files first: they must be read, and what is measured then is the damaged ones' doing.
    for seed in format.seeds { try read(seed) }
    var tally = Tally(peakBefore: Tally.peak)
    for index in first..<first + count {
      // The number is there to be seen by a debugger or in a core file.
      tally.current = index
      let input = format.input(index)
      let start = ContinuousClock.now
      do {
        try read(input)
        tally.accepted += 1
      } catch let error as FormatError {
        tally.refuse("\(error)")
      } catch let error as SystemError {
        tally.refuse("\(error)")
      } catch {
        tally.unclear.append("input \(index): \(type(of: error)): \(error)")
      }
      tally.enter(start.duration(to: .now) / .milliseconds(1), index)
    }
    tally.inputs = count
    tally.peakAfter = Tally.peak
    print(String(decoding: try JSONEncoder().encode(tally), as: UTF8.self))
  }
}

/// What became of the inputs.
struct Tally: Codable {
  var inputs = 0
  var refused = 0
  var accepted = 0
  /// Errors of other types than those that readers promise, or of more than one line.
  var unclear: [String] = []
  var slowestMilliseconds = 0.0
  var slowest = 0
  /// Peak memory of the process before and after, in KiB; 0 where the system does not tell.
  var peakBefore: Int
  var peakAfter = 0
  var current = 0

  init(peakBefore: Int) { self.peakBefore = peakBefore }

  mutating func refuse(_ line: String) {
    refused += 1
    if line.contains(where: \.isNewline) || line.count > 1000 {
      unclear.append("input \(current): \(line.prefix(200))")
    }
  }

  mutating func enter(_ milliseconds: Double, _ index: Int) {
    guard milliseconds > slowestMilliseconds else { return }
    slowestMilliseconds = milliseconds
    slowest = index
  }

  static var peak: Int {
    let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
    let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }
}
