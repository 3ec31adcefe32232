import Torch

/// A forest of extremely randomised trees (Geurts, Ernst, Wehenkel 2006) with scikit-learn's settings: every tree sees all
/// samples, each node tries √k features that are not constant in it with one threshold each, uniform between their smallest
/// and largest values, takes the one of least Gini impurity, and is split until it is pure. The class of the largest mean
/// probability wins.
public struct ExtraTrees: Sendable {
  private let trees: [RandomTree]
  private let width: Int
  private let classes: Int

  /// Trees of a forest.
  public static let size = 50

  /// - Parameters:
  ///   - samples: `[n, k]`.
  ///   - labels: a class of 0..<classes for each.
  /// - Throws: `CancellationError`.
  public init(
    _ samples: Tensor, labels: [Int], classes: Int, trees count: Int = size, seed: UInt64, threads: Int,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws {
    let flat = samples.flattened().to(.cpu)
    width = flat.shape[1]
    self.classes = classes
    let values = flat.transposed().contiguous().floats
    trees = try concurrently(Array(0..<count), threads: threads, isCancelled: isCancelled) { tree in
      RandomTree(
        values, labels: labels, classes: classes,
        draws: DrawnNumbers(RandomStream(seed: seed, purpose: .forest, index: tree)))
    }
  }

  /// The class of each sample; the first of equals.
  public func predict(_ samples: Tensor, threads: Int = 1) -> [Int] {
    let n = samples.shape[0]
    let values = samples.flattened().contiguous().floats
    let starts = Array(stride(from: 0, to: n, by: 512))
    let parts = try? concurrently(starts, threads: threads) { start in
      (start..<min(n, start + 512)).map { row -> Int in
        var votes = [Float](repeating: 0, count: classes)
        for tree in trees {
          tree.addVotes(of: values[row * width..<(row + 1) * width], to: &votes)
        }
        return votes.indices.max { votes[$0] < votes[$1] } ?? 0
      }
    }
    return parts?.flatMap { $0 } ?? []
  }
}

/// Uniform numbers of a stream, one after the other.
struct DrawnNumbers {
  private let stream: RandomStream
  private var block: [Float] = []
  private var place = 0
  private var position: UInt64 = 0

  init(_ stream: RandomStream) { self.stream = stream }

  /// In [0, 1).
  mutating func next() -> Float {
    if place == block.count {
      block = stream.uniform(1024, position: position)
      position += 256
      place = 0
    }
    defer { place += 1 }
    return block[place]
  }

  /// In 0..<count.
  mutating func below(_ count: Int) -> Int { min(count - 1, Int(next() * Float(count))) }
}
