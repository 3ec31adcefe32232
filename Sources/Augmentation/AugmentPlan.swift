import Datasets
import Foundation
import Models
import Torch

/// All that `uae augment` was asked to do.
public struct AugmentPlan: Sendable {
  public var recipe: Recipe
  public var architecture: Architecture
  public var training: TrainingSettings
  public var seeds: [UInt64]
  public var threads: Int
  public let dataset: Dataset
  /// The training samples `[count, …]` in [0, 1].
  public let train: Tensor
  /// The test samples `[count, …]` in [0, 1].
  public let test: Tensor

  /// - Throws: ``RecipeError`` for settings out of range, `ModelError` where the samples do not suit the model.
  public init(
    _ dataset: Dataset, kind: AutoencoderKind, code: Int? = nil, recipe: Recipe, training: TrainingSettings,
    seeds: [UInt64], threads: Int
  ) throws {
    try recipe.validate()
    try training.validate()
    guard dataset.train.count > 0, dataset.test.count > 0 else {
      throw RecipeError("\(dataset.name): training needs samples to train on and others to test on")
    }
    if recipe.attack.start == .mix, dataset.train.count < 2 {
      throw RecipeError("\(dataset.name): a start that mixes needs at least 2 training samples")
    }
    self.dataset = dataset
    self.recipe = recipe
    self.training = training
    self.seeds = seeds
    self.threads = threads
    architecture = Architecture(kind: kind, sampleShape: dataset.sampleShape, code: code)
    _ = try architecture.makeModel(seed: 0)
    train = Tensor(dataset.train.values, [dataset.train.count] + dataset.sampleShape)
    test = Tensor(dataset.test.values, [dataset.test.count] + dataset.sampleShape)
  }

  /// Passes over the data in every training.
  public var epochs: Int {
    training.epochs
      ?? TrainingSettings.defaultEpochs(
        architecture.kind, samples: train.shape[0], batchSize: training.batchSize)
  }

  /// What the model is retrained on besides the data, by the recipe's rule for failures.
  ///
  /// - Parameters:
  ///   - perturbed: one a training sample, its original where the attack failed.
  ///   - seed: that of the attack, and which of a sample's UAEs they are.
  func substituted(_ perturbed: Tensor, succeeded: [Bool], seed: UInt64, copy: Int) throws -> Tensor {
    switch recipe.retraining.failures {
    case .replace: return perturbed
    case .drop:
      let kept = succeeded.indices.filter { succeeded[$0] }
      return kept.isEmpty ? perturbed[0..<0] : perturbed.gathered(kept)
    case .start:
      return examples(
        perturbed, where: succeeded,
        else: try recipe.attack.starts(of: train, seed: seed, copy: copy, threads: threads))
    }
  }

  /// The digest of the data as used: what was read, and how many of it.
  public var dataDigest: String { "\(dataset.digest)/\(train.shape[0])+\(test.shape[0])" }

  /// What the run's folder belongs to: a later run with other words is refused.
  public var identity: String {
    get throws {
      """
      # uae augment
      dataset: \(dataset.name)
      data: \(dataDigest)
      model: \(architecture.kind.rawValue)
      code: \(architecture.code)
      epochs: \(epochs)
      batchSize: \(training.batchSize)
      seeds: [\(seeds.map(String.init).joined(separator: ", "))]
      recipe:
      \(try recipe.yaml.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

      """
    }
  }
}

/// The versions that decide the bytes of a result.
public enum Software {
  public static let version = "0.1.0"
  public static var versions: [String: String] { ["swift-uae": version, "libtorch": LibTorch.version] }
}
