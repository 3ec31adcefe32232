import Attacks
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Torch

/// One encoder trained one way, and what its embeddings are worth.
package struct Table5Cell: StudyCell {
  package var plan: Table5Plan
  package var arm: Table5Arm
  package var seed: UInt64
  /// The views, where they are not the usual ones.
  package var views: RandomViews?
  /// Whether embeddings are judged by a fifth of the training samples, which are not trained on, instead of by the test samples.
  package var isTrial: Bool?

  package struct Outcome: Codable, Sendable {
    package var quality: EmbeddingQuality
    /// The optimiser's steps.
    package var updates: Int
    /// The share of attacked test samples that keep their class with a linear head; nil where it was not measured.
    package var robust: Double?
    package var examples: Table5Examples.Figures?
  }

  /// What of the plan decides an encoder, the arms and the number of seeds left aside.
  package init(
    plan: Table5Plan, arm: Table5Arm, seed: UInt64, views: RandomViews? = nil, isTrial: Bool? = nil
  ) {
    self.views = views
    self.isTrial = isTrial
    self.plan = plan
    self.plan.arms = [.original]
    self.plan.seeds = 1
    self.arm = arm
    self.seed = seed
  }

  package var label: String {
    "\(plan.dataset)/\(isTrial == true ? "trial" : arm.rawValue)/seed-\(seed)"
  }
  package var sets: [DataPart] { [plan.part] }

  /// What decides an encoder that several cells use.
  private struct Key: Encodable {
    var plan: Table5Plan
    var seed: UInt64
    var what: String
  }

  package func run(_ context: CellContext) throws -> Outcome {
    var parts = try plan.part.load(context.data, seed: seed)
    if isTrial == true {
      var part = plan.part
      part.validation = parts.train.count / 5
      parts = try part.load(context.data, seed: seed)
      parts.test = parts.validation
    }
    guard let labels = parts.train.labels, Set(labels).count > 1 else {
      throw StudyError.settings("\(plan.dataset) has no labels to judge embeddings by")
    }
    let train = TrainingData(parts.train.samples)
    var examples: Table5Examples?
    if arm.takesExamples { examples = try made(parts, context, of: original(train, context)) }
    if arm == .untrained {
      examples = try made(parts, context, of: architecture(parts).makeModel(seed: seed))
    }
    let model: any TrainableModel
    if arm == .original, isTrial != true {
      model = try original(train, context)
    } else {
      model = try trained(train, parts, &examples, context)
    }
    let judge = try EmbeddingJudge(model, parts.train)
    let quality = try judge.quality(of: parts.test, views: .usual(model.sampleShape))
    let robust = try HeadedEncoder(judge).robustAccuracy(
      parts.test, threads: context.threads, isCancelled: context.stopsEarly)
    return Outcome(
      quality: quality, updates: passes * ((size(train.count) + plan.batchSize - 1) / plan.batchSize),
      robust: robust, examples: examples?.figures)
  }

  private func architecture(_ parts: DataPart.Parts) throws -> Architecture {
    try Architecture(family: plan.model, sampleShape: parts.entry.dataset.sampleShape, code: plan.code)
  }

  private var passes: Int {
    switch arm {
    case .repeated: 3 * plan.epochs
    case .appended: plan.epochs / 2
    default: plan.epochs
    }
  }

  private func size(_ count: Int) -> Int { arm == .appended ? 2 * count : count }

  // MARK: - Training

  private func original(_ train: TrainingData, _ context: CellContext) throws -> any TrainableModel {
    let own = Table5Cell(plan: plan, arm: .original, seed: seed)
    let path = try context.artifact(
      "encoder-\(plan.dataset)", key: Key(plan: own.plan, seed: seed, what: "encoder")
    ) {
      let parts = try plan.part.load(context.data, seed: seed)
      var none: Table5Examples?
      return try Checkpoint(own.trained(train, parts, &none, context)).encoded()
    }
    return try Checkpoint.read(path, device: context.data.device).model
  }

  private func trained(
    _ train: TrainingData, _ parts: DataPart.Parts, _ examples: inout Table5Examples?, _ context: CellContext
  ) throws -> any TrainableModel {
    let family = try ModelFamilies.named(plan.model)
    try FileManager.default.createDirectory(atPath: context.scratch, withIntermediateDirectories: true)
    var training = ModelTraining(
      label, architecture: try architecture(parts),
      settings: TrainingSettings(epochs: passes, batchSize: plan.batchSize), seed: seed,
      path: "\(context.scratch)/\(arm.rawValue).safetensors")
    training.device = context.data.device
    training.warmUp = min(family.warmUp, plan.epochs / 10)
    let settings = settings(parts.entry.dataset.sampleShape)
    training.adjusting = { model in
      guard var encoder = model as? ContrastiveEncoder else { return model }
      encoder.settings = settings
      return encoder
    }
    // A training that was stopped goes on where a quarter begins, and makes the same examples again.
    let quarter = max(1, plan.epochs / 4)
    if arm == .online { training.savesEvery = quarter }
    var current = examples
    // On one thread, as every cell: the last bits of a training hang on how many there are.
    let model = try training.run(
      epochs: passes, samples: size(train.count),
      progress: RunProgress(style: .quiet, isCancelled: context.stopsEarly)
    ) { epoch, model in
      if arm == .online, epoch > 0, epoch % quarter == 0 {
        current = try Table5Examples(plan, model, train.samples, seed: seed &+ UInt64(epoch), context)
      }
      return data(train, current, epoch)
    }
    examples = current
    return model
  }

  private func settings(_ shape: [Int]) -> ContrastiveSettings {
    // With the reference's τ, whatever the family's own is.
    var settings = ContrastiveSettings(views: views ?? .usual(shape))
    switch arm {
    case .third, .thirdView: settings.third = ThirdView(.view)
    case .clae: settings.third = ThirdView(.adversarial)
    case .signs: settings.third = ThirdView(.randomSigns)
    case .mix: settings.mixes = true
    case .grey:
      if case .images(var views) = settings.views {
        views.greys /= 2
        settings.views = .images(views)
      }
    default: break
    }
    return settings
  }

  /// The samples of an epoch, some of them changed, with what they were as targets.
  private func data(_ train: TrainingData, _ examples: Table5Examples?, _ epoch: Int) -> TrainingData {
    let x = train.samples
    let changed: Tensor
    switch arm {
    case .original, .repeated, .thirdView, .clae, .signs, .mix, .grey, .tuned: return train
    case .appended: return train.appending(TrainingData(examples?.perturbed ?? x))
    case .third: return TrainingData(examples?.perturbed ?? x, targets: x)
    case .uae, .untrained, .online: changed = examples?.perturbed ?? x
    case .published:
      let draws = RandomStream(seed: seed, purpose: .augmentation, index: epoch).uniform(x.count)
      changed = (x + (Tensor(draws, x.shape).to(x.device) * 2 - 1) * Self.glorotBound).clamped(0...1)
    case .noise:
      let draws = RandomStream(seed: seed, purpose: .augmentation, index: epoch).normal(x.count)
      let noise = Tensor(draws, x.shape).to(x.device)
      let length =
        examples.map { ($0.perturbed - x).sampleNorms() } ?? Tensor.zeros([x.shape[0]], device: x.device)
      changed = (x + noise * (length / noise.sampleNorms()).perSample(like: noise)).clamped(0...1)
    }
    return train.seen(as: changed, share: plan.share, seed: seed, epoch: epoch)
  }

  /// √(6 / (32·32 + 3·32)): the published start's bound.
  static let glorotBound = 0.0732

  // MARK: - Examples

  private func made(
    _ parts: DataPart.Parts, _ context: CellContext, of model: any TrainableModel
  ) throws -> Table5Examples {
    let own = Table5Cell(plan: plan, arm: .original, seed: seed)
    let what = arm == .untrained ? "examples of an untrained encoder" : "examples"
    let path = try context.artifact(
      "examples-\(plan.dataset)", key: Key(plan: own.plan, seed: seed, what: what)
    ) {
      try Table5Examples(plan, model, parts.train.samples, seed: seed, context).encoded()
    }
    return try Table5Examples(reading: path, device: context.data.device)
  }
}
