import Foundation

/// What a long run tells its user on standard error: rate, time left, success rate and mean similarity so far.
///
/// Times come from the monotonic clock, so a clock that is set does not upset them. Safe to call from any thread.
public final class RunProgress: @unchecked Sendable {  // All state is behind `lock`.
  public enum Style: Sendable, Equatable {
    /// A bar that redraws itself, for terminals.
    case bar
    /// A line every few seconds.
    case lines
    /// One JSON object a line.
    case json
    /// Notes only.
    case quiet

    /// A bar on a terminal, lines otherwise.
    public static var automatic: Style { isatty(STDERR_FILENO) == 1 ? .bar : .lines }
  }

  private let style: Style
  private let unit: String
  private let interval: Double
  private let write: @Sendable (String) -> Void
  private let clock: @Sendable () -> Double
  private let lock = NSLock()

  private var started = 0.0
  private var shown = -Double.infinity
  private var planned = 0
  private var doneBefore = 0
  private var done = 0
  private var inHand = 0
  private var counts = ShardCounts()
  private var similaritySum = 0.0

  /// - Parameters:
  ///   - unit: what is counted.
  ///   - interval: seconds between two lines.
  ///   - write: where the text goes; standard error by default.
  ///   - clock: seconds on a clock that only goes forward.
  public init(
    style: Style = .automatic, unit: String = "samples", interval: Double = 5,
    write: @escaping @Sendable (String) -> Void = { StandardError.write($0) },
    clock: @escaping @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
  ) {
    self.style = style
    self.unit = unit
    self.interval = interval
    self.write = write
    self.clock = clock
  }

  /// Tells a line to the user, whatever the style.
  public func note(_ text: String) {
    lock.withLock {
      if style == .json {
        emit(["event": .text("note"), "message": .text(text)])
      } else {
        write((style == .bar ? "\r\u{1B}[K" : "") + text + "\n")
      }
    }
  }

  /// Counts samples of the shard in hand as solved, between shards; may be called as often as wanted.
  public func advanced(_ samples: Int) {
    lock.withLock {
      inHand += samples
      show(force: false)
    }
  }

  func begin(_ totals: RunTotals, rank: Rank) {
    lock.withLock {
      started = clock()
      planned = totals.samplesPlanned
      doneBefore = totals.samples
      done = totals.samples
      counts = totals.counts
      similaritySum = (totals.meanSimilarity ?? 0) * Double(counts.succeeded)
      if rank.count > 1 && style != .quiet && style != .json { write("\(rank)\n") }
      if done > 0 && done < planned && style != .quiet && style != .json {
        write("resuming: \(done) of \(planned) \(unit) are finished and confirmed\n")
      }
      shown = clock()
    }
  }

  func finished(_ record: ShardRecord) {
    lock.withLock {
      inHand = 0
      done += record.range.count
      counts += record.counts
      similaritySum += (record.meanSimilarity ?? 0) * Double(record.counts.succeeded)
      show(force: style == .json || done == planned)
      if style == .bar && done == planned { write("\n") }
    }
  }

  private func show(force: Bool) {
    let now = clock()
    let interval = style == .bar ? 0.1 : interval
    guard style != .quiet, force || now - shown >= interval else { return }
    shown = now
    let current = min(done + inHand, planned)
    let rate = Double(current - doneBefore) / max(now - started, 1e-9)
    let left = rate > 0 ? Double(planned - current) / rate : nil
    let success = done > 0 ? Double(counts.succeeded) / Double(done) : nil
    let similarity = counts.succeeded > 0 ? similaritySum / Double(counts.succeeded) : nil

    if style == .json {
      return emit([
        "event": .text("progress"), "done": .number(Double(current)), "planned": .number(Double(planned)),
        "elapsedSeconds": .number(now - started), "samplesPerSecond": .number(rate),
        "secondsLeft": left.map { .number($0) } ?? .none,
        "successRate": success.map { .number($0) } ?? .none,
        "meanSimilarity": similarity.map { .number($0) } ?? .none,
      ])
    }
    var text = "\(current)/\(planned) \(unit), \(Self.significant(rate))/s"
    if let left { text += ", \(Self.duration(left)) left" }
    if let success { text += String(format: ", success %.1f %%", 100 * success) }
    if let similarity { text += ", mean MI \(Self.significant(similarity))" }
    if style == .bar {
      let width = 24
      let filled = planned > 0 ? width * current / planned : width
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      write("\r\u{1B}[K\(bar) \(text)")
    } else {
      write(text + "\n")
    }
  }

  private enum Value {
    case text(String)
    case number(Double)
    case none
  }

  private func emit(_ fields: [String: Value]) {
    let object = fields.mapValues { value -> Any in
      switch value {
      case .text(let text): text
      case .number(let number) where number.isFinite: number
      case .number, .none: NSNull()
      }
    }
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else { return }
    write(String(decoding: data, as: UTF8.self) + "\n")
  }

  private static func significant(_ value: Double) -> String { String(format: "%.3g", value) }

  /// `42 s`, `3 min 20 s`, `5 h 12 min`, `2 d 3 h`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "for ever" }
    let whole = Int(seconds.rounded())
    return switch whole {
    case ..<60: "\(whole) s"
    case ..<3600: "\(whole / 60) min \(whole % 60) s"
    case ..<86_400: "\(whole / 3600) h \(whole % 3600 / 60) min"
    default: "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
  }
}
