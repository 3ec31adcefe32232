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
    /// The stop that an interrupt asks for.
    public init() {}
  }

  private let state = State()

  /// Takes over SIGINT and SIGTERM for the rest of the process.
  ///
  /// - Parameters:
  ///   - grace: seconds between the first signal and the exit, if the process has not ended by itself before.
  ///   - farewell: printed on standard error when the process exits here: how to resume.
  public init(grace: Double = 1.5, farewell: String) {
    let listener = Thread { [state] in
      guard let first = SignalPipe.next(timeout: nil) else { return }
      state.request(first)
      let last = SignalPipe.next(timeout: grace) ?? first
      StandardError.write("\n\(farewell)\n")
      _exit(last.exitCode)
    }
    listener.start()
    SignalPipe.open()
  }

  /// The signal that asked to stop; nil while none has.
  public var requested: Interruption? { state.requested }

  private final class State: @unchecked Sendable {  // All state is behind `lock`.
    private let lock = NSLock()
    private var interruption: Interruption?

    var requested: Interruption? { lock.withLock { interruption } }

    func request(_ new: Interruption) { lock.withLock { interruption = interruption ?? new } }
  }
}

/// Carries signals out of their handlers, where nearly nothing is allowed, to a thread where everything is.
private enum SignalPipe {
  /// Reading and writing end; a handler cannot be given a context, so they are the process's.
  private static let ends: [Int32] = {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return [-1, -1] }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A full pipe must not stop the handler: further signals add nothing.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    return ends
  }()

  /// Puts the handlers in place; until then the signals end the process, from then on none is lost.
  static func open() {
    guard ends[0] >= 0 else { return }
    for interruption in [Interruption.interrupt, .terminate] {
      signal(interruption.rawValue) { number in
        let before = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(SignalPipe.ends[1], &byte, 1)
        errno = before
      }
    }
    // A parent that had them blocked hands that on; nobody could then stop this process but by killing it.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, Interruption.interrupt.rawValue)
    sigaddset(&signals, Interruption.terminate.rawValue)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// The next signal; nil if none comes within `timeout` seconds.
  static func next(timeout: Double?) -> Interruption? {
    var request = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
    let deadline = timeout.map { ContinuousClock.now.advanced(by: .seconds($0)) }
    while true {
      let left = deadline.map { max(0, ContinuousClock.now.duration(to: $0) / .milliseconds(1)) }
      let ready = poll(&request, 1, left.map { Int32($0.rounded(.up)) } ?? -1)
      if ready == 0 || ends[0] < 0 { return nil }
      var byte: UInt8 = 0
      if ready > 0, read(ends[0], &byte, 1) == 1, let found = Interruption(rawValue: Int32(byte)) {
        return found
      }
    }
  }
}
