import Formats
import Foundation
import Testing

/// The fault suite, one test at a time: they measure, and they starve each other otherwise.
@Suite(.serialized) enum Faults {}

/// What the suite did to runs and what became of them; printed as it grows, and written to `docs/reliability.md`.
final class Tally: @unchecked Sendable {  // All state is behind `lock`.
  static let shared = Tally()

  private struct Row {
    var faults = 0
    var survived = 0
    var bytesLost = 0
    var how: String
  }

  private let lock = NSLock()
  private var rows: [(name: String, row: Row)] = []
  private var figures: [(name: String, value: String, bound: String)] = []

  /// Enters faults of one kind.
  ///
  /// - Parameter bytesLost: bytes of finished shards that were listed before the fault and were not there, whole,
  ///   after it, though the fault itself did not touch them.
  func record(_ name: String, faults: Int, survived: Int, bytesLost: Int = 0, how: String) {
    lock.withLock {
      rows.append((name, Row(faults: faults, survived: survived, bytesLost: bytesLost, how: how)))
      write()
    }
  }

  func figure(_ name: String, _ value: String, bound: String) {
    lock.withLock {
      figures.append((name, value, bound))
      write()
    }
  }

  private func write() {
    let faults = rows.reduce(0) { $0 + $1.row.faults }
    let survived = rows.reduce(0) { $0 + $1.row.survived }
    let lost = rows.reduce(0) { $0 + $1.row.bytesLost }
    let summary = "faults tried: \(faults), survived: \(survived), bytes lost: \(lost)"
    print("faults: \(rows.last?.name ?? "") … in all \(summary)")
    var text = """
      # Reliability

      Written by the fault suite (`./test --faults`), which does the following to runs and then goes on with them.
      A fault is survived if the finished run has, byte for byte, the files of an undisturbed one, or if the command
      ends with the one clear line expected of it. A byte is lost if it was in a finished, listed shard before the
      fault and not after it, though the fault did not touch it.

      **\(summary)**

      | fault | tried | survived | bytes lost | how |
      |---|---:|---:|---:|---|

      """
    for (name, row) in rows.sorted(by: { $0.name < $1.name }) {
      text += "| \(name) | \(row.faults) | \(row.survived) | \(row.bytesLost) | \(row.how) |\n"
    }
    text += "\n## Costs\n\n| figure | measured | bound |\n|---|---|---|\n"
    for figure in figures.sorted(by: { $0.name < $1.name }) {
      text += "| \(figure.name) | \(figure.value) | \(figure.bound) |\n"
    }
    let memory = ProcessInfo.processInfo.physicalMemory >> 30
    let cores = ProcessInfo.processInfo.activeProcessorCount
    text +=
      "\nMeasured on \(cores) cores, \(memory) GiB, \(ProcessInfo.processInfo.operatingSystemVersionString).\n"
    do {
      try AtomicFile.write(Data(text.utf8), to: Built.root + "/docs/reliability.md")
    } catch {
      Issue.record("\(error)")
    }
  }
}

/// A folder of its own for a test, removed with it.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/faults-\(UUID())"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The digests of the files whose bytes must not depend on how a run went, by name.
func results(_ folder: String) -> [String: String] {
  var names = ["recipe.yaml", "manifest.json"]
  names += ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/uae")) ?? []).map { "uae/\($0)" }
  var digests: [String: String] = [:]
  for name in names { digests[name] = try? SHA256.digest(ofFile: "\(folder)/\(name)") }
  return digests
}

/// Bytes of shards that a run lists as finished and that are not there as listed; read with Foundation's JSON
/// parser, not with the code under test.
func bytesLost(_ folder: String) -> Int {
  var lost = 0
  let lists = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
    $0 == "manifest.json" || $0.hasPrefix("journal-")
  }
  for list in lists {
    let text = FileManager.default.contents(atPath: "\(folder)/\(list)") ?? Data()
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: Data("{\"shard\":".utf8)) {
      let whole = line.last == UInt8(ascii: ",") ? line.dropLast() : line
      guard let object = try? JSONSerialization.jsonObject(with: Data(whole)) as? [String: Any],
        let shard = object["shard"] as? Int, let digest = object["sha256"] as? String,
        let bytes = object["bytes"] as? Int
      else { continue }  // a line cut short by the fault lists nothing
      let file = folder + String(format: "/uae/shard-%05d.safetensors", shard)
      if (try? SHA256.digest(ofFile: file)) != digest { lost += bytes }
    }
  }
  return lost
}
