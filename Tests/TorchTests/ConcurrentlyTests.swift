import Foundation
import Synchronization
import Testing
import Torch

@Suite struct ConcurrentlyTests {
  /// Every body waits for all others: a call that ran two of them on one thread would wait in vain.
  private func meet(_ count: Int) -> Bool {
    let arrived = Mutex(0), met = Mutex(true)
    onThreads(count) { _ in
      arrived.withLock { $0 += 1 }
      let deadline = Date.now + 20
      while arrived.withLock({ $0 }) < count {
        guard Date.now < deadline else { return met.withLock { $0 = false } }
        Thread.sleep(forTimeInterval: 0.001)
      }
    }
    return met.withLock { $0 }
  }

  @Test(arguments: [1, 2, 5]) func eachHasAThreadOfItsOwn(count: Int) { #expect(meet(count)) }

  @Test func aCallInsideAnotherOneHasItsThreadsToo() {
    let met = Mutex([Bool]())
    onThreads(2) { _ in
      let inner = meet(3)
      met.withLock { $0.append(inner) }
    }
    #expect(met.withLock { $0 } == [true, true])
  }

  /// Threads may still be ending when a call returns: nothing of the call may be theirs any more.
  @Test func manyShortCallsLeaveNothingBehind() {
    let calls = Mutex(0)
    for _ in 0..<2000 { onThreads(4) { _ in calls.withLock { $0 += 1 } } }
    #expect(calls.withLock { $0 } == 8000)
  }

  /// What another thread says later is not for a thread that has said its number, even before its first operator.
  @Test func aThreadKeepsItsNumberOfThreads() {
    let said = DispatchSemaphore(value: 0), others = DispatchSemaphore(value: 0),
      ended = DispatchSemaphore(value: 0)
    let found = Mutex(0)
    let thread = Thread {
      LibTorch.setThreads(1)
      said.signal()
      others.wait()
      _ = Tensor.zeros([4, 4], device: .cpu) + 1
      found.withLock { $0 = LibTorch.threads }
      ended.signal()
    }
    thread.start()
    said.wait()
    LibTorch.withThreads(3) {}
    let third = Thread {
      LibTorch.setThreads(3)
      others.signal()
    }
    third.start()
    ended.wait()
    #expect(found.withLock { $0 } == 1)
  }

  @Test func resultsComeInTheOrderOfTheItemsAndTheFirstErrorIsThrown() throws {
    struct Odd: Error {}
    #expect(try concurrently(Array(0..<100), threads: 4) { $0 * $0 } == (0..<100).map { $0 * $0 })
    #expect(throws: Odd.self) {
      _ = try concurrently([2, 4, 5, 6], threads: 2) { if $0 % 2 == 1 { throw Odd() } }
    }
    #expect(throws: CancellationError.self) {
      _ = try concurrently([1, 2], threads: 2, isCancelled: { true }) { $0 }
    }
  }

  /// Each of a pair waits for the other: on one thread they would wait in vain.
  @Test func partnersWorkAtOnce() throws {
    try Partner.with(threads: 2) { partner in
      for round in 0..<100 {
        let (here, there) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let (first, second) = try partner.both {
          here.signal()
          return there.wait(timeout: .now() + 20) == .success ? round : -1
        } _: {
          there.signal()
          return here.wait(timeout: .now() + 20) == .success ? LibTorch.threads : -1
        }
        #expect(first == round && second == 1)
      }
    }
  }

  @Test(arguments: [1, 2]) func partnersErrorsComeBackAndThePartnerStays(threads: Int) throws {
    struct First: Error {}
    struct Second: Error {}
    try Partner.with(threads: threads) { partner in
      #expect(throws: First.self) { try partner.both({ throw First() }) { throw Second() } }
      #expect(throws: Second.self) { try partner.both({}) { throw Second() } }
      let pair = try partner.both({ 1 }) { 2 }
      #expect(pair.0 == 1 && pair.1 == 2)
    }
  }
}
