import Formats
import Foundation
import Testing

/// `docs/robustness.md`, written once every format has been through; a run of some tests leaves it alone.
final class RobustnessPage: @unchecked Sendable {  // All state is behind `lock`.
  static let shared = RobustnessPage()

  struct Row {
    let format: String
    let inputs: Int
    let refused: Int
    let accepted: Int
    let slowestMilliseconds: Double
    let growthKiB: Int
    let seconds: Double
  }

  private let lock = NSLock()
  private var rows: [Row] = []
  private var speeds: [(what: String, measured: String, bound: String)] = []

  func enter(_ row: Row) {
    lock.withLock {
      rows.append(row)
      write()
    }
  }

  func enter(_ what: String, measured: String, bound: String) {
    lock.withLock {
      speeds.append((what, measured, bound))
      print("\(what): \(measured)")
      write()
    }
  }

  private func write() {
    guard rows.count == Fuzz.DamagedFiles.formats.count else { return }
    var text = """
      # Damaged files

      Written by `./test --fuzz`. Small files that each format's own tools made are damaged at random, always in the same
      way: bits flipped, bytes and whole numbers overwritten (binary and written as text), ends cut off, two files
      spliced, pieces doubled and left out; in PNG, tar and programs of torch.export half of the files get
      correct checksums again, so that what
      lies behind them is reached. Every file is read to its end. It must be accepted, or refused with one line; the
      process that reads must neither crash nor take more than 64 MiB. "Slowest" is by the clock of a machine with other
      work. MATLAB and HDF5 files are read by matio and libhdf5, which are not made for hostile files: they work in a process of
      their own, with bounded memory and processor time, and whatever happens to them there is one line here.


      """
    text += "| format | inputs | refused | accepted | slowest | peak memory grew by | took |\n"
    text += "|---|---:|---:|---:|---:|---:|---:|\n"
    for row in rows {
      text += "| \(row.format) | \(row.inputs) | \(row.refused) | \(row.accepted) "
      text += String(
        format: "| %.0f ms | %d KiB | %.0f s |\n", row.slowestMilliseconds, row.growthKiB, row.seconds)
    }
    text += "\n## How fast sound files are read\n\n| what | measured | bound |\n|---|---:|---:|\n"
    for speed in speeds { text += "| \(speed.what) | \(speed.measured) | \(speed.bound) |\n" }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    text += "\nMeasured on \(cores) cores, \(ProcessInfo.processInfo.operatingSystemVersionString).\n"
    do {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      try AtomicFile.write(Data(text.utf8), to: root.path + "/docs/robustness.md")
    } catch {
      Issue.record("\(error)")
    }
  }
}
