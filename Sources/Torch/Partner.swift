import Dispatch
import Foundation
import Synchronization

/// A second thread for pairs of short pieces of work, which has LibTorch on one thread and waits between them: a thread of its
/// own for each would cost more than the work.
package final class Partner: Sendable {
  private let work = Mutex<(@Sendable () -> Void)?>(nil)
  private let isWanted = DispatchSemaphore(value: 0)
  private let isDone = DispatchSemaphore(value: 0)
  private let isAlone: Bool

  /// Does something with a partner; with fewer than two threads both pieces of a pair are done on this one.
  package static func with<Result>(threads: Int, _ body: (Partner) throws -> Result) rethrows -> Result {
    let partner = Partner(isAlone: threads < 2)
    defer { partner.isWanted.signal() }
    return try body(partner)
  }

  private init(isAlone: Bool) {
    self.isAlone = isAlone
    guard !isAlone else { return }
    let thread = Thread { [self] in
      LibTorch.withThreads(1) {
        while true {
          isWanted.wait()
          guard let piece = work.withLock({ $0.take() }) else { return }
          piece()
          isDone.signal()
        }
      }
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Both at once, the second on the other thread. What they compute must not depend on each other.
  ///
  /// - Throws: the first one's error, else the second's.
  package func both<First, Second: Sendable>(
    _ first: () throws -> First, _ second: @escaping @Sendable () throws -> Second
  ) throws -> (First, Second) {
    if isAlone { return (try first(), try second()) }
    let outcome = Outcome<Second>()
    work.withLock { $0 = { outcome.set(Result { try second() }) } }
    isWanted.signal()
    let own = Result { try first() }
    isDone.wait()
    return (try own.get(), try outcome.get())
  }

  private final class Outcome<Value: Sendable>: Sendable {
    private let value = Mutex<Result<Value, any Error>?>(nil)

    func set(_ result: Result<Value, any Error>) { value.withLock { $0 = result } }

    func get() throws -> Value {
      guard let result = value.withLock({ $0 }) else { throw CancellationError() }
      return try result.get()
    }
  }
}
