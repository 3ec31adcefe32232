import Foundation
import Models
import Torch

/// How long a model is trained and how: the same in every arm of a comparison.
public struct Schedule: Codable, Hashable, Sendable {
  /// Passes over the data and the examples, mixed; or
  public var epochs: Int?
  /// updates, half of each batch original and half examples.
  public var updates: Int?
  /// Samples of an update.
  public var batchSize: Int
  /// Adam with this rate, in place of the family's own optimiser.
  public var learningRate: Double?
  /// Whether the rate falls to 0 along half a cosine.
  public var decays: Bool

  /// So many passes over the data.
  public init(epochs: Int, batchSize: Int, decays: Bool = false) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.decays = decays
  }

  /// So many updates, whatever the data's number.
  public init(updates: Int, batchSize: Int, learningRate: Double?) {
    self.updates = updates
    self.batchSize = batchSize
    self.learningRate = learningRate
    decays = true
  }

  /// The schedule with so many times the updates.
  func lasting(_ factor: Double) -> Schedule {
    func times(_ count: Int?) -> Int? { count.map { max(1, Int((factor * Double($0)).rounded())) } }
    var other = self
    other.epochs = times(epochs)
    other.updates = times(updates)
    return other
  }

  /// The optimiser's steps on a set of so many samples.
  func steps(samples: Int) -> Int { updates ?? (epochs ?? 0) * ((samples + batchSize - 1) / batchSize) }

  func makeTrainer(_ model: any TrainableModel, samples: Int, seed: UInt64) -> Trainer {
    Trainer(
      model, optimizer: learningRate.map { .adam(learningRate: $0) },
      schedule: decays ? .cosine(steps: steps(samples: samples)) : .constant, seed: seed)
  }

  func validate() throws {
    func require(_ holds: Bool, _ problem: String) throws { if !holds { throw StudyError.settings(problem) } }
    try require((epochs == nil) != (updates == nil), "a schedule has epochs or updates")
    try require(1...100_000 ~= batchSize, "batchSize is \(batchSize); it must be from 1 to 100000")
    if let epochs { try require(1...100_000 ~= epochs, "epochs is \(epochs); it must be from 1 to 100000") }
    if let updates {
      try require(updates >= 1 && batchSize >= 2, "updates must be at least 1, with batches of at least 2")
    }
    if let learningRate { try require(learningRate > 0, "learningRate must be positive") }
  }
}

/// Indices in passes over `count` samples, each pass in an order of its own.
struct Passes {
  let count: Int
  let seed: UInt64
  let purpose: RandomStream.Purpose
  /// The number of the pass that the last index came from, from 0.
  private(set) var pass = -1
  private var open: ArraySlice<Int> = []

  init(count: Int, seed: UInt64, purpose: RandomStream.Purpose) {
    self.count = count
    self.seed = seed
    self.purpose = purpose
  }

  mutating func next(_ wanted: Int) -> [Int] {
    var indices: [Int] = []
    while indices.count < wanted {
      if open.isEmpty {
        pass += 1
        open = RandomStream(seed: seed, purpose: purpose, index: pass).permutation(count)[...]
      }
      let taken = open.prefix(wanted - indices.count)
      indices += taken
      open = open.dropFirst(taken.count)
    }
    return indices
  }
}
