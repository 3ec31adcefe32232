import Datasets
import Models
import Runs
import Torch

/// Which samples of a data set an experiment uses.
public struct DataPart: Codable, Hashable, Sendable {
  /// The registered name of the data set.
  public var dataset: String
  /// How many of the set's first training samples are used at all; nil for all.
  public var pool: Int?
  /// The last of these are for choices and never trained on.
  public var validation: Int
  /// How many of the others are trained on, drawn by the seed; nil for all, in the set's order.
  public var samples: Int?
  /// Whether the samples to validate are drawn by the seed too, instead of being the last.
  public var drawsValidation: Bool?

  /// A part of a data set's training samples.
  public init(_ dataset: String, pool: Int? = nil, validation: Int = 0, samples: Int? = nil) {
    self.dataset = dataset
    self.pool = pool
    self.validation = validation
    self.samples = samples
  }

  /// The samples of one seed: `train` and `validation` never share one, and neither has a test sample.
  struct Parts: Sendable {
    let entry: DatasetCache.Entry
    var train: TrainingData
    var validation: TrainingData
    var test: TrainingData
  }

  /// - Throws: ``StudyError/settings(_:)`` where the set is too small; what reading it throws.
  func load(_ cache: DatasetCache, seed: UInt64) throws -> Parts {
    let entry = try cache.load(dataset, limit: pool)
    let count = entry.train.shape[0], rest = count - validation
    guard rest >= samples ?? 1 else {
      throw StudyError.settings(
        "\(dataset) has \(count) samples to train on: too few for \(samples ?? 1) and \(validation) to validate"
      )
    }
    func part(_ chosen: [Int]) -> TrainingData {
      TrainingData(
        entry.train.gathered(chosen),
        labels: entry.dataset.train.labels.map { labels in chosen.map { labels[$0] } })
    }
    if drawsValidation == true {
      let order = RandomStream(seed: seed, purpose: .split).permutation(count)
      return Parts(
        entry: entry, train: part(Array(order.prefix(samples ?? rest))),
        validation: part(Array(order.suffix(validation))),
        test: TrainingData(entry.test, labels: entry.dataset.test.labels))
    }
    let order = RandomStream(seed: seed, purpose: .split).permutation(rest)
    let whole = TrainingData(
      entry.train[0..<rest], labels: entry.dataset.train.labels.map { Array($0[0..<rest]) })
    return Parts(
      entry: entry, train: samples.map { part(Array(order.prefix($0))) } ?? whole,
      validation: part(Array(rest..<count)),
      test: TrainingData(entry.test, labels: entry.dataset.test.labels))
  }

  func validate() throws {
    func require(_ holds: Bool, _ problem: String) throws {
      if !holds { throw StudyError.settings("\(dataset): \(problem)") }
    }
    try require(DatasetRegistry.named(dataset) != nil, "unknown data set '\(dataset)'")
    try require(samples ?? 2 >= 2 && validation >= 0, "needs at least 2 samples")
    if let pool {
      try require(pool >= (samples ?? 1) + validation, "pool must be at least samples + validation")
    }
  }
}
