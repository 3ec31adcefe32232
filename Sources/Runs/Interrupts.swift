import Dispatch
import Foundation

/// A request to stop, by the signal that made it.
public enum Interruption: Int32, Sendable {
  /// SIGINT, Control-C.
  case interrupt = 2
  /// SIGTERM, as schedulers send it before they kill.
  case terminate = 15

  /// The exit code that shells give to a process ended by this signal: 130 or 143.
  public var exitCode: Int32 { 128 + rawValue }
}

/// SIGINT and SIGTERM as a flag that workers look at, with a promise to the user: the process ends within two seconds.
///
/// The first signal sets the flag. Whatever is still running after the grace is dropped and the process exits; a
/// second signal exits at once. Both are safe at any point, because files appear whole or not at all.
public final class Interrupts: Sendable {
  /// Thrown by a worker that drops its shard because of an interrupt.
  public struct Stop: Error {
    public init() {}
  }

  private let state = State()
  private let sources: Sources

  /// Takes over SIGINT and SIGTERM for the whole process.
  ///
  /// - Parameters:
  ///   - grace: seconds between the first signal and the exit, if nothing returns before.
  ///   - farewell: printed on standard error when the process exits here rather than by returning: how to resume.
  public init(grace: Double = 1.5, farewell: String) {
    let queue = DispatchQueue(label: "interrupts", qos: .userInitiated)
    sources = Sources([Interruption.interrupt, .terminate].map { [state] interruption in
      signal(interruption.rawValue, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: interruption.rawValue, queue: queue)
      source.setEventHandler {
        @Sendable func leave() {
          FileHandle.standardError.write(Data("\n\(farewell)\n".utf8))
          _exit(interruption.exitCode)
        }
        // Signals that came together are one event with a count.
        guard state.request(interruption), source.data < 2 else { return leave() }
        queue.asyncAfter(deadline: .now() + grace, execute: leave)
      }
      source.activate()
      return source
    })
  }

  /// The signal that asked to stop; nil while none has.
  public var requested: Interruption? { state.requested }

  /// Returns unless a stop was asked for. Workers call it between tiles.
  ///
  /// - Throws: `Stop`.
  public func check() throws(Stop) { if requested != nil { throw Stop() } }

  /// Dispatch sources may be used from any thread, which their type does not say.
  private final class Sources: @unchecked Sendable {
    private let all: [any DispatchSourceSignal]
    init(_ all: [any DispatchSourceSignal]) { self.all = all }
    deinit { for source in all { source.cancel() } }
  }

  private final class State: @unchecked Sendable {
    private let lock = NSLock()
    private var interruption: Interruption?

    var requested: Interruption? { lock.withLock { interruption } }

    /// True for the first request.
    func request(_ new: Interruption) -> Bool {
      lock.withLock {
        defer { interruption = interruption ?? new }
        return interruption == nil
      }
    }
  }
}
