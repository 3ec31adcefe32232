import Formats
import Foundation
import Synchronization

/// What long work tells its user on standard error, and how the user stops it: stages with their units, the rate, the
/// time left; a bar on a terminal, lines elsewhere, or JSON events.
///
/// Times come from the monotonic clock, so a clock that is set does not upset them. Safe to call from any thread.
public final class RunProgress: Sendable {
  /// How progress appears on standard error.
  public enum Style: Sendable, Equatable {
    /// A bar that redraws itself, for terminals.
    case bar
    /// A line every few seconds.
    case lines
    /// One JSON object per line.
    case json
    /// Warnings only.
    case quiet

    /// A bar on a terminal, lines otherwise.
    public static var automatic: Style { isatty(STDERR_FILENO) == 1 ? .bar : .lines }
  }

  /// The stage at work.
  struct Stage {
    var title = ""
    var unit = ""
    var total = 0
    var done = 0
    /// Units that were there before, which took no time now.
    var doneBefore = 0
    /// Units between two that are finished for good; see ``RunProgress/advanced(_:)``.
    var inHand = 0
    var started = 0.0
    var shown = -Double.infinity
    /// Whether the stage is one of samples in shards, whose events have fields of their own.
    var shards: RunTotals?
  }

  private let style: Style
  private let interval: Double
  private let unit: String
  private let write: @Sendable (String) -> Void
  private let clock: @Sendable () -> Double
  private let stops: @Sendable () -> Bool
  /// Where what is measured is written besides; nil for nowhere.
  public let log: RunLog?
  private let stage = Mutex(Stage())

  /// - Parameters:
  ///   - unit: what shards are counted in.
  ///   - interval: seconds between two lines.
  ///   - write: where the text goes; standard error by default.
  ///   - clock: seconds on a clock that only goes forward.
  ///   - log: where what is measured is written besides.
  ///   - isCancelled: whether the user asked to stop.
  public init(
    style: Style = .automatic, unit: String = "samples", interval: Double = 5, log: RunLog? = nil,
    write: @escaping @Sendable (String) -> Void = { StandardError.write($0) },
    clock: @escaping @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.style = style
    self.unit = unit
    self.interval = interval
    self.write = write
    self.clock = clock
    self.log = log
    stops = isCancelled
  }

  /// Says nothing but warnings.
  public static var quiet: RunProgress { RunProgress(style: .quiet) }

  /// Whether to stop as soon as the state is safe; asked often.
  public func isCancelled() -> Bool { stops() }

  /// Tells a line to the user who wants to follow.
  public func note(_ text: String) { if style != .quiet { warn(text) } }

  /// Tells a line to the user, whatever the style: something is not as it should be.
  public func warn(_ text: String) {
    switch style {
    case .json: write(JSON.line(["event": "note", "message": text]) + "\n")
    case .bar: write("\r\u{1B}[K" + text + "\n")
    case .lines, .quiet: write(text + "\n")
    }
  }

  /// Begins a stage: its title, the units that it will do, and those that were done before.
  public func begin(_ title: String, _ total: Int, done: Int = 0) {
    let now = clock()
    stage.withLock {
      $0 = Stage(title: title, total: total, done: done, doneBefore: done, started: now, shown: now)
      if done < total { show(&$0, force: true) }
    }
  }

  /// Some units are done; the detail says how it goes (a loss, a success rate).
  ///
  /// - Parameter always: shows it however short ago the last was shown.
  public func advance(_ units: Int, _ detail: String = "", always: Bool = false) {
    stage.withLock { stage in
      stage.done += units
      show(&stage, detail, force: always || stage.done >= stage.total)
      if style == .bar, stage.done >= stage.total { write("\n") }
    }
  }

  /// Counts samples of the shard in hand as solved, between shards; may be called as often as wanted.
  public func advanced(_ samples: Int) {
    stage.withLock { stage in
      stage.inHand += samples
      show(&stage, force: false)
    }
  }

  func begin(_ totals: RunTotals, rank: Rank) {
    let now = clock()
    stage.withLock {
      $0 = Stage(
        unit: unit, total: totals.samplesPlanned, done: totals.samples, doneBefore: totals.samples,
        started: now,
        shown: now, shards: totals)
    }
    guard style == .bar || style == .lines else { return }
    if rank.count > 1 { write("\(rank)\n") }
    if totals.samples > 0 && totals.samples < totals.samplesPlanned {
      write("resuming: \(totals.samples) of \(totals.samplesPlanned) \(unit) are finished and confirmed\n")
    }
  }

  func finished(_ record: ShardRecord) {
    stage.withLock { stage in
      stage.inHand = 0
      stage.done += record.range.count
      stage.shards?.add(record)
      if let totals = stage.shards, let log {
        log.scalar("attack/successRate", totals.successRate, step: stage.done)
        if let mean = totals.meanSimilarity { log.scalar("attack/meanSimilarity", mean, step: stage.done) }
        let seconds = clock() - stage.started
        if seconds > 0 {
          log.scalar(
            "attack/samplesPerSecond", Double(stage.done - stage.doneBefore) / seconds, step: stage.done)
        }
      }
      show(&stage, force: style == .json || stage.done == stage.total)
      if style == .bar && stage.done == stage.total { write("\n") }
    }
  }

  private func show(_ stage: inout Stage, _ detail: String = "", force: Bool) {
    guard style != .quiet else { return }
    let now = clock()
    guard force || now - stage.shown >= (style == .bar ? 0.1 : interval) else { return }
    stage.shown = now
    let snapshot = Snapshot(stage, detail, elapsed: now - stage.started)
    switch style {
    case .json: write(JSON.line(snapshot.event) + "\n")
    case .bar: write("\r\u{1B}[K\(snapshot.bar) \(snapshot.text)")
    default: write(snapshot.text + "\n")
    }
  }
}

/// A stage at a moment, as text and as an event.
private struct Snapshot {
  let stage: RunProgress.Stage
  let detail: String
  let elapsed: Double

  init(_ stage: RunProgress.Stage, _ detail: String, elapsed: Double) {
    self.stage = stage
    self.detail = detail
    self.elapsed = elapsed
  }

  var done: Int { min(stage.done + stage.inHand, stage.total) }
  /// Units per second, of those done now.
  var rate: Double { Double(done - stage.doneBefore) / max(elapsed, 1e-9) }
  var left: Double? { rate > 0 ? Double(stage.total - done) / rate : nil }

  var text: String {
    var parts = [(stage.title.isEmpty ? "" : stage.title + ": ") + "\(done)/\(stage.total)"]
    if !stage.unit.isEmpty { parts[0] += " " + stage.unit }
    if stage.shards != nil { parts.append(rate.text(.general(3)) + "/s") }
    if !detail.isEmpty { parts.append(detail) }
    if done >= stage.total {
      parts.append("in " + elapsed.durationText)
    } else if let left {
      parts.append(left.durationText + " left")
    }
    if let shards = stage.shards, shards.samples > 0 {
      parts.append("success " + shards.successRate.text(.percent(1)))
    }
    if let mean = stage.shards?.meanSimilarity { parts.append("mean MI " + mean.text(.general(3))) }
    return parts.joined(separator: ", ")
  }

  var bar: String {
    let width = 24
    let filled = stage.total > 0 ? width * done / stage.total : width
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }

  var event: [String: JSON.Value] {
    let common: [String: JSON.Value] = [
      "event": .value("progress"), "done": .value(done), "elapsedSeconds": .number(elapsed),
      "secondsLeft": .number(left),
    ]
    let own: [String: JSON.Value] =
      if let shards = stage.shards {
        [
          "planned": .value(stage.total), "samplesPerSecond": .number(rate),
          "successRate": .number(shards.samples > 0 ? shards.successRate : nil),
          "meanSimilarity": .number(shards.meanSimilarity),
        ]
      } else {
        ["stage": .value(stage.title), "total": .value(stage.total), "detail": .value(detail)]
      }
    return common.merging(own) { $1 }
  }
}
