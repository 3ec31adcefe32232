import Formats
import Foundation
import Synchronization

/// What a run measures as it goes, for people to look at: a line of JSON for each number in `metrics.jsonl`, and TensorBoard's
/// events. Nothing is read back by this program, and what cannot be written is said once and else ignored.
public final class RunLog: Sendable {
  private let lines: [String]
  private let events: String?
  private let command: [String]
  private let clock: @Sendable () -> Double
  private let state = Mutex(State())

  private struct State {
    var isBegun = false
    var hasFailed = false
  }

  /// - Parameters:
  ///   - folders: where a `metrics.jsonl` is kept, the run's own folder; made by others before the first number.
  ///   - logdir: where TensorBoard looks, and another `metrics.jsonl`; made if need be. Events go to a new file of every start.
  ///   - command: the command line, for `metrics.jsonl`.
  public init(
    folders: [String] = [], logdir: String? = nil, command: [String] = CommandLine.arguments,
    clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    lines = (folders + [logdir].compactMap(\.self)).map { $0 + "/metrics.jsonl" }
    events = logdir.map {
      let host = ProcessInfo.processInfo.hostName.filter { $0.isLetter || $0.isNumber || $0 == "-" }
      return "\($0)/events.out.tfevents.\(Int(clock())).\(host).\(getpid()).0"
    }
    self.command = command
    self.clock = clock
  }

  /// Whether there are pictures, histograms and texts to be made.
  public var showsMore: Bool { events != nil }

  /// A number at a step; one that is not finite is left out.
  public func scalar(_ tag: String, _ value: Double, step: Int) {
    guard value.isFinite else { return }
    line(["tag": .value(tag), "step": .value(step), "value": .value(value)])
    event(tag, step, .scalar(value))
  }

  /// How values are distributed.
  public func histogram(_ tag: String, _ values: [Double], step: Int) { event(tag, step, .histogram(values)) }

  /// Writes a picture.
  public func image(_ tag: String, _ image: RasterImage, step: Int) {
    guard let png = try? image.png() else { return }
    event(tag, step, .image(width: image.width, height: image.height, png: png))
  }

  /// A text in Markdown.
  public func text(_ tag: String, _ text: String, step: Int = 0) { event(tag, step, .text(text)) }

  private func line(_ members: [String: JSON.Value]) {
    let time = clock()
    for path in lines {
      attempt {
        let isNew = state.withLock { state in
          defer { state.isBegun = true }
          return !state.isBegun
        }
        if isNew {
          for path in lines { try append(["time": .value(time), "command": .value(command)], path) }
        }
        try append(members.merging(["time": .value(time)]) { $1 }, path)
      }
    }
  }

  private func append(_ members: [String: JSON.Value], _ path: String) throws {
    try prepare()
    try AppendedLines.append(JSON.line(JSON.Value.object(members)), to: path)
  }

  private func event(_ tag: String, _ step: Int, _ value: TensorBoardEvent.Value) {
    guard let events else { return }
    let time = clock()
    attempt {
      try prepare()
      var bytes = access(events, F_OK) == 0 ? [] : TensorBoardEvent.version(time: time)
      bytes += TensorBoardEvent(time: time, step: step, tag: tag, value: value).encoded()
      let descriptor = open(events, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw SystemError("open", events) }
      defer { close(descriptor) }
      try AtomicFile.append(bytes, to: descriptor, path: events)
    }
  }

  private func prepare() throws {
    guard let events else { return }
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: events).deletingLastPathComponent(), withIntermediateDirectories: true)
  }

  private func attempt(_ body: () throws -> Void) {
    do { try body() } catch {
      let isFirst = state.withLock { state in
        defer { state.hasFailed = true }
        return !state.hasFailed
      }
      if isFirst { StandardError.write("the log is not complete: \(error)\n") }
    }
  }
}
