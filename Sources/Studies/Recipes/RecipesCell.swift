import Datasets
import Foundation
import Models
import Torch

/// One training: a model on a small part of a data set, augmented in one way, from one seed.
public struct RecipesCell: StudyCell, Equatable {
  public var group: RecipesGroup
  public var arm: RecipesArm
  /// Of the training samples' choice, the initial weights, the order of the data and all draws; arms are paired by it.
  public var seed: UInt64
  /// Whether the test set is read; cells that choices are made from see the validation samples alone.
  public var usesTest: Bool

  public var label: String { "\(group.label)/\(arm.description)/seed-\(seed)\(usesTest ? "/test" : "")" }

  /// A point of the course of a training.
  public struct Point: Codable, Equatable, Sendable {
    public var updates: Int
    public var validation: Double
  }

  public struct Outcome: Codable, Sendable {
    /// SHA-256 of the data's files.
    public var data: String
    /// Mean squared errors; on the test set only where the cell may see it.
    public var validation: Double
    public var test: Double?
    public var train: Double
    /// The validation error as the training went.
    public var course: [Point]
    /// The mean squared error on the augmented half over the last tenth of the updates ("diversity": Gontijo-Lopes et
    /// al. 2020 take the final training loss on augmented data).
    public var diversity: Double
    /// The trained original model's error on augmented samples against that on validation samples, less 1 ("affinity").
    public var affinity: Double?
    public var examples: ExampleCounts?
    public var aftermath: RecipesAftermath?
    public var trainingSeconds: Double
    /// Making the examples; without the training of the model that they are made against.
    public var generationSeconds: Double
  }

  /// What the examples are like, where there are any that were made by an attack.
  public struct ExampleCounts: Codable, Equatable, Sendable {
    /// The share of attacks that found x′ ≠ x with f(x′) ≤ 0.
    public var successRate: Double
    /// The mean of ‖x′ − x‖₂ over what is trained on.
    public var l2: Double
  }

  /// The samples of a cell: `train` and `validation` never share one, and neither has a test sample.
  struct Parts {
    var train: Tensor
    var validation: Tensor
  }

  func parts(_ entry: DatasetCache.Entry) throws -> Parts {
    let count = entry.train.shape[0], pool = count - group.validation
    guard pool >= group.samples else {
      throw StudyError.settings(
        "\(group.dataset) has \(count) samples to train on: too few for \(group.samples) and "
          + "\(group.validation) to validate")
    }
    let order = RandomStream(seed: seed, purpose: .split).permutation(pool)
    return Parts(
      train: entry.train.gathered(Array(order.prefix(group.samples))), validation: entry.train[pool..<count])
  }

  public func run(_ context: CellContext) throws -> Outcome {
    let entry = try context.data.load(group.dataset, limit: group.pool)
    let parts = try parts(entry)
    let architecture = try group.architecture(entry.dataset.sampleShape)
    let original = try originalModel(architecture, parts, context)
    var examples = try RecipesExamples(
      arm, of: parts.train, seed: seed, original: original,
      untrained: { try architecture.makeModel(seed: seed) }, isCancelled: context.stopsEarly)
    var training = try RecipesTraining(group, architecture, updates: updates, seed: seed)
    try training.run(parts, &examples, context)
    let clean = mean(reconstructionErrors(original, parts.validation))
    let seen = training.lastAugmented.map { mean(reconstructionErrors(original, $0)) }
    return Outcome(
      data: entry.dataset.digest, validation: mean(reconstructionErrors(training.model, parts.validation)),
      test: usesTest ? mean(reconstructionErrors(training.model, entry.test)) : nil,
      train: mean(reconstructionErrors(training.model, parts.train)), course: training.course,
      diversity: training.diversity, affinity: seen.map { $0 / clean - 1 }, examples: examples.counts,
      aftermath: usesTest ? try RecipesAftermath(training.model, entry) : nil,
      trainingSeconds: training.seconds,
      generationSeconds: examples.seconds)
  }

  private var updates: Int { group.updates * (arm.effort ?? 1) }

  /// What decides the model that examples are made against, which the arms of a seed share.
  private struct OriginalKey: Encodable {
    var original = "recipes"
    var group: RecipesGroup
    var seed: UInt64
  }

  private func originalModel(
    _ architecture: Architecture, _ parts: Parts, _ context: CellContext
  ) throws -> any Autoencoder {
    let key = OriginalKey(group: group, seed: seed)
    let path = try context.artifact("original-\(group.label)-seed-\(seed)", key: key) {
      var training = try RecipesTraining(group, architecture, updates: group.updates, seed: seed)
      var none = RecipesExamples.none(parts.train, seed: seed)
      try training.run(parts, &none, context)
      return try Checkpoint(training.model).encoded()
    }
    return try Checkpoint.read(path).model
  }
}

extension RecipesArm {
  /// Whether examples are made against a model that has to be trained before.
  var needsOriginal: Bool { [.uae, .l2UAE, .matched].contains(source) }
}
