import Foundation
import Runs
import Synchronization

/// Thrown once an interrupted run is safe on disk.
struct Interrupted: Error {
  let code: Int32
}

/// Shows the stages of a run on standard error: a bar on a terminal, a line every few seconds elsewhere.
final class StageProgress: Sendable {
  private struct State {
    var stage = ""
    var total = 0
    var done = 0
    var resumed = 0
    var started = ContinuousClock.now
    var shown: ContinuousClock.Instant?
  }

  private let style: RunProgress.Style
  private let state = Mutex(State())

  init(style: RunProgress.Style) { self.style = style }

  func report(_ interrupts: Interrupts) -> StageReport {
    StageReport(
      begin: { [self] stage, total in
        state.withLock { $0 = State(stage: stage, total: total) }
      },
      advance: { [self] units, detail in advance(units, detail) },
      note: { [self] text in if style != .quiet { write(text) } },
      isCancelled: { interrupts.requested != nil })
  }

  private func advance(_ units: Int, _ detail: String) {
    state.withLock { state in
      state.done += units
      // What was restored from a checkpoint took no time now.
      if detail.isEmpty { state.resumed += units }
      let now = ContinuousClock.now
      let finished = state.done >= state.total
      let interval: Duration = style == .bar ? .milliseconds(100) : .seconds(5)
      if !finished, let shown = state.shown, now - shown < interval { return }
      if !finished, state.shown == nil, style != .bar, now - state.started < interval { return }
      state.shown = now
      let elapsed = (now - state.started) / .seconds(1)
      let fresh = state.done - state.resumed
      let left = fresh > 0 ? elapsed / Double(fresh) * Double(state.total - state.done) : nil
      show(state, detail: detail, elapsed: elapsed, left: left, finished: finished)
    }
  }

  private func show(_ state: State, detail: String, elapsed: Double, left: Double?, finished: Bool) {
    switch style {
    case .quiet: return
    case .json:
      let object: [String: Any] = [
        "event": "progress", "stage": state.stage, "done": state.done, "total": state.total, "detail": detail,
        "elapsedSeconds": elapsed, "secondsLeft": left ?? NSNull(),
      ]
      if let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys) {
        write(String(decoding: data, as: UTF8.self))
      }
    case .bar, .lines:
      let time = finished ? "\(Self.time(elapsed))" : "ETA \(left.map(Self.time) ?? "?")"
      let text = "\(state.stage): \(state.done)/\(state.total)  \(detail)  \(time)"
      if style == .bar {
        StandardError.write("\r\u{1B}[K" + text + (finished ? "\n" : ""))
      } else {
        write(text)
      }
    }
  }

  private func write(_ line: String) { StandardError.write(line + "\n") }

  static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
