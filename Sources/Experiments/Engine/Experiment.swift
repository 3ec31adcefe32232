import Attacks
import Datasets
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Torch

/// One cell of a study: train a model from scratch on data and on what an arm adds to them, and measure it.
///
/// All arms of a seed share the samples, the initial weights, the order of the originals and the model that examples are
/// made against, so seeds are paired.
public struct Experiment: StudyCell, Equatable {
  /// What is trained on.
  public var data: DataPart
  /// The model family's name.
  public var model: String
  /// What is added to it.
  public var arm: Arm
  /// For how long.
  public var schedule: Schedule
  /// Of the samples' choice, the initial weights, the order of the data and all draws.
  public var seed: UInt64
  /// Whether the test set is read; cells that choices are made from see the validation samples alone.
  public var usesTest: Bool
  /// Whether the trained model is also measured on damaged and attacked test samples.
  public var measuresRobustness: Bool
  /// Whether images are kept for a picture.
  public var keepsPictures: Bool
  /// The length of the model's code; nil for the authors'.
  public var code: Int?
  /// Whether the trained model is kept (``CellStore``'s artifact of its name).
  public var keepsModel: Bool?

  /// A training of its parts.
  public init(
    data: DataPart, model: String, arm: Arm, schedule: Schedule, seed: UInt64, usesTest: Bool = true,
    measuresRobustness: Bool = false, keepsPictures: Bool = false
  ) {
    self.data = data
    self.model = model
    self.arm = arm
    self.schedule = schedule
    self.seed = seed
    self.usesTest = usesTest
    self.measuresRobustness = measuresRobustness
    self.keepsPictures = keepsPictures
  }

  public var sets: [DataPart] { [data] }

  /// What the kept model's artifact is called.
  var modelName: String { "model-\(label)" }

  public var label: String {
    "\(data.dataset)/\(model)/\(arm.description)/seed-\(seed)\(usesTest ? "/test" : "")"
  }

  /// Errors of a trained model: means over samples.
  public struct Errors: Codable, Equatable, Sendable {
    /// On the training samples.
    public var train: Double
    /// Nil where there are no validation samples.
    public var validation: Double?
    /// Nil where the cell may not see the test set.
    public var test: Double?
    /// On the test set, class by class; empty where the set has no classes.
    public var perClass: [Double]
  }

  /// A point of the course of a training.
  public struct Point: Codable, Equatable, Sendable {
    /// Updates so far.
    public var updates: Int
    /// The error on held-out training samples.
    public var validation: Double
  }

  /// What one training came to.
  public struct Outcome: Codable, Sendable {
    /// SHA-256 of the data's files.
    public var data: String
    /// What must be known of the data: parts that are missing, a split of our own.
    public var notes: [String]
    /// Samples that were trained on, without what was added.
    public var trainCount: Int
    /// Test samples, where they were read.
    public var testCount: Int
    /// After all updates, and how many they were.
    public var trained: Errors
    /// Updates in all.
    public var updates: Int
    /// After half of the passes over data and examples: as many updates as the original model has.
    public var halfway: Errors?
    /// The validation error as the training went.
    public var course: [Point]
    /// The mean error on the augmented half over the last tenth of the updates ("diversity": Gontijo-Lopes et al. 2020
    /// take the final training loss on augmented data).
    public var diversity: Double?
    /// The original model's error on augmented samples against that on validation samples, less 1 ("affinity").
    public var affinity: Double?
    /// What is known of the examples that were added, where they were attacked for.
    public var examples: ExampleFigures?
    /// How the model stands attacks, where that was asked for.
    public var robustness: RobustnessMeasures?
    /// Seconds of the training.
    public var trainingSeconds: Double
    /// Making the examples; without the training of the model that they are made against.
    public var attackSeconds: Double

    /// The test error; NaN where the cell may not see it.
    public var testError: Double { trained.test ?? .nan }
    /// After as many updates as the original model has.
    public var equalUpdates: Errors { halfway ?? trained }
  }

  public func run(_ context: CellContext) throws -> Outcome {
    let parts = try data.load(context.data, seed: seed)
    let dataset = parts.entry.dataset
    let architecture = try Architecture(
      family: model, sampleShape: dataset.sampleShape, code: code, classes: dataset.classNames.count)
    let device = context.data.device
    // More of the same data needs no model to make examples against.
    let original =
      arm.source == .none && !keepsPictures
      ? try architecture.makeModel(seed: seed, device: device)
      : try originalModel(architecture, parts, context)
    var maker = ExampleMaker(arm, of: parts.train.samples, seed: seed) { originals, recipe, model, seed in
      try attacked(originals, parts, recipe, model, seed, context)
    }
    try maker.makeStatic(against: original) { try architecture.makeModel(seed: seed, device: device) }
    var training = Retraining(
      model: arm.source == .original ? original : try architecture.makeModel(seed: seed, device: device),
      schedule: schedule.lasting(arm.effort ?? 1), seed: seed, parts: parts,
      measure: { try errors(of: $0, parts) })
    if arm.source != .original { try training.run(&maker, context) }
    if keepsPictures, let perturbed = shown(maker) {
      try ExperimentPictures.save(
        self, original: original, retrained: training.model, perturbed: perturbed, parts, context)
    }
    if keepsModel == true {
      _ = try context.artifact(modelName, key: self) { try Checkpoint(training.model).encoded() }
    }
    let seen = try training.lastAugmented.map { mean(try sampleErrors(original, $0)) }
    let clean = seen == nil ? .nan : mean(try sampleErrors(original, parts.validation))
    return Outcome(
      data: dataset.digest, notes: dataset.notes, trainCount: parts.train.count,
      testCount: dataset.test.count, trained: try errors(of: training.model, parts),
      updates: training.updates(arm), halfway: training.halfway, course: training.course,
      diversity: training.diversity, affinity: seen.map { $0 / clean - 1 },
      examples: try figures(maker, original, parts),
      robustness: measuresRobustness ? try RobustnessMeasures(training.model, parts.test) : nil,
      trainingSeconds: training.seconds, attackSeconds: maker.seconds)
  }
}
