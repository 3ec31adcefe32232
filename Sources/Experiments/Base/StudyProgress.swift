import Dispatch
import Foundation
import Synchronization

/// A line on standard error for each finished cell, with the time left at the pace so far.
public final class StudyProgress: Sendable {
  private struct State {
    var total = 0
    var done = 0
    var doneBefore = 0
    var started = DispatchTime.now()
  }

  private let state = Mutex(State())
  private let write: @Sendable (String) -> Void

  /// - Parameter write: where lines go.
  public init(
    write: @escaping @Sendable (String) -> Void = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
  ) {
    self.write = write
  }

  /// No lines at all.
  public static var quiet: StudyProgress { StudyProgress { _ in } }

  public func note(_ line: String) { write(line) }

  func begin(cells: Int, finished: Int) {
    state.withLock { $0 = State(total: cells, done: finished, doneBefore: finished) }
    if finished > 0 { write("\(finished) of \(cells) cells are finished already") }
  }

  /// - Parameter seconds: nil where another process did it.
  func finished(_ label: String, seconds: Double?) {
    let line = state.withLock { state -> String in
      state.done += 1
      let elapsed = Double(DispatchTime.now().uptimeNanoseconds - state.started.uptimeNanoseconds) / 1e9
      let left = elapsed / Double(state.done - state.doneBefore) * Double(state.total - state.done)
      let time = seconds.map { "\(Self.duration($0))" } ?? "done by another process"
      return "[\(state.done)/\(state.total)] \(label): \(time)"
        + (state.done < state.total ? ", about \(Self.duration(left)) left" : "")
    }
    write(line)
  }

  /// `4.2 s`, `3 min 20 s`, `5 h 12 min`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded())
    switch whole {
    case ..<60: return String(format: "%.1f s", seconds)
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    default: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
  }
}
