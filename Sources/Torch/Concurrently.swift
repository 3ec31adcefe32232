import Dispatch
import Foundation
import Synchronization

/// Independent pieces of work on several threads, each with LibTorch on one thread; results in the order of the items.
///
/// - Parameter isCancelled: asked before each item.
/// - Throws: the first error of an item; `CancellationError`.
package func concurrently<Item: Sendable, Outcome: Sendable>(
  _ items: [Item], threads: Int, isCancelled: @Sendable () -> Bool = { false },
  _ body: @Sendable (Item) throws -> Outcome
) throws -> [Outcome] {
  let next = Mutex(0)
  let outcomes = Mutex([Result<Outcome, any Error>?](repeating: nil, count: items.count))
  onThreads(min(threads, items.count)) { _ in
    LibTorch.withThreads(1) {
      while true {
        let index = next.withLock { value -> Int in
          defer { value += 1 }
          return value
        }
        guard index < items.count, !isCancelled() else { return }
        let outcome = Result { try body(items[index]) }
        if case .failure = outcome { next.withLock { $0 = items.count } }
        outcomes.withLock { $0[index] = outcome }
      }
    }
  }
  if isCancelled() { throw CancellationError() }
  return try outcomes.withLock { $0 }.compactMap { try $0?.get() }
}

/// Runs the body `count` times at once, on this thread and on others, and returns when all are done.
///
/// Each has a thread of its own also where a call stands inside another one, which `DispatchQueue.concurrentPerform` runs
/// on one thread.
package func onThreads(_ count: Int, _ body: @Sendable (Int) -> Void) {
  let others = DispatchGroup()
  withoutActuallyEscaping(body) { body in
    for number in 1..<max(1, count) {
      let task = HandedOver(body)
      others.enter()
      let thread = Thread {
        task.run(number)
        others.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    body(0)
    others.wait()
  }
}

/// Holds a closure for one thread and lets go of it when it has run: a thread's own block may outlive the call.
private final class HandedOver: @unchecked Sendable {  // Only the thread that it is handed to touches it.
  private var body: (@Sendable (Int) -> Void)?

  init(_ body: @escaping @Sendable (Int) -> Void) { self.body = body }

  func run(_ number: Int) {
    body?(number)
    body = nil
  }
}
