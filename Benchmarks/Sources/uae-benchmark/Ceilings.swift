import Foundation
import Torch

/// What this machine reaches on all threads at once, measured in the same run as everything it is compared with.
struct Ceilings: Codable {
  /// Of float32 products of 1024×1024 matrices, one a thread, and of copies of 128 MB a thread, read and written.
  var gigaflops: Double
  var gigabytes: Double
  var threads: Int

  init(threads: Int, seconds: Double = 0.6) {
    let size = 1024, floats = 32 << 20
    let left = (0..<threads).map { _ in Tensor.full([size, size], 0.5, device: .cpu) }
    gigaflops = best(threads: threads, seconds: seconds, work: 2 * pow(Double(size), 3)) { thread in
      _ = matmul(left[thread], left[thread])
    }
    let source = (0..<threads).map { _ in Tensor.full([floats], 1, device: .cpu) }
    let target = (0..<threads).map { _ in Tensor.full([floats], 2, device: .cpu) }
    gigabytes = best(threads: threads, seconds: seconds, work: 8 * Double(floats)) { thread in
      target[thread].assign(source[thread])
    }
    self.threads = threads
  }
}

/// Billions of units of work a second of all threads together, in the best of several rounds.
private func best(
  threads: Int, seconds: Double, work: Double, _ body: @escaping @Sendable (Int) -> Void
) -> Double {
  func round() -> Double {
    measured {
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        LibTorch.setThreads(1)
        for _ in 0..<4 { body(thread) }
      }
    }
  }
  _ = round()
  let until = ContinuousClock.now + .seconds(seconds)
  var shortest = Double.infinity
  while ContinuousClock.now < until { shortest = min(shortest, round()) }
  return 4 * work * Double(threads) / shortest / 1e9
}

/// The seconds that the body takes.
func measured(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  return (ContinuousClock.now - start) / .seconds(1)
}
