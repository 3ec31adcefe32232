import Attacks
import Datasets
import Foundation
import Models
import Torch

/// All that `uae augment` was asked to do.
public struct AugmentPlan: Sendable {
  /// How examples are made and a model is retrained.
  public var recipe: Recipe
  /// The model.
  public var architecture: Architecture
  /// How it is trained.
  public var training: TrainingSettings
  /// The runs' seeds.
  public var seeds: [UInt64]
  /// How many threads may be used.
  public var threads: Int
  /// The data.
  public let dataset: Dataset
  /// The training samples.
  public let train: TrainingData
  /// The test samples, which serve for nothing but the final errors.
  public let test: TrainingData

  /// - Parameter device: where models are trained and attacked.
  /// - Throws: `RecipeError` for settings out of range, `ModelError` where the samples do not suit the model.
  public init(
    _ dataset: Dataset, model: String, code: Int? = nil, recipe: Recipe, training: TrainingSettings,
    seeds: [UInt64], threads: Int, device: Device = .cpu
  ) throws {
    let recipe = try recipe.completed()
    try training.validate()
    guard dataset.train.count > 0, dataset.test.count > 0 else {
      throw RecipeError("\(dataset.name): training needs samples to train on and others to test on")
    }
    if let problem = dataset.nothingToLearn { throw RecipeError(problem) }
    let partners = try recipe.makeStart().partners
    if dataset.train.count <= partners {
      throw RecipeError(
        "\(dataset.name): the start '\(recipe.start.name)' needs at least \(partners + 1) training samples")
    }
    self.dataset = dataset
    dataDigest = dataset.contentDigest()
    self.recipe = recipe
    self.training = training
    self.seeds = seeds
    self.threads = threads
    architecture = try Architecture(
      family: model, sampleShape: dataset.sampleShape, code: code, classes: dataset.classNames.count)
    let criterion = try Criteria.registry.named(recipe.criterion.name)
    try architecture.makeModel(seed: 0, device: device).require(
      criterion.needs, for: "the criterion '\(criterion.name)'")
    epochs =
      try training.epochs
      ?? TrainingSettings.defaultEpochs(
        ModelFamilies.named(model), samples: dataset.train.count, batchSize: training.batchSize)
    train = TrainingData(dataset.train, device: device)
    test = TrainingData(dataset.test, device: device)
  }

  /// Passes over the data in every training.
  public let epochs: Int

  /// What the model is retrained on besides the data.
  var arm: Arm {
    var examples = Arm.Examples(recipe)
    guard recipe.retraining.onlineEvery > 0 else {
      return Arm(.attack, recipe: examples, failures: recipe.retraining.failures)
    }
    examples.copies = 1
    examples.solver?["iterations"] = .integer(recipe.retraining.onlineIterations)
    return Arm(
      .online, recipe: examples, failures: recipe.retraining.failures, every: recipe.retraining.onlineEvery)
  }

  /// The digest of the samples as used.
  public let dataDigest: String

  /// What the run's folder belongs to: a recipe that can be run again, with all else that decides the results. A later
  /// run with other words is refused.
  var identity: String {
    get throws {
      struct Run: Encodable {
        var command = "augment"
        var dataset: String, data: String, model: String
        var code: Int, epochs: Int, batchSize: Int
        var seeds: [UInt64]
      }
      return try recipe.yaml(
        run: Run(
          dataset: dataset.name, data: dataDigest, model: architecture.family, code: architecture.code,
          epochs: epochs, batchSize: training.batchSize, seeds: seeds))
    }
  }
}

extension TrainingData {
  /// A data set's samples with their classes.
  public init(_ samples: Samples, device: Device) {
    self.init(samples.tensor(on: device), labels: samples.labels)
  }
}
