import Attacks
import Evaluation
import Models
import MutualInformation
import Torch

/// One set of images and its distance from the training images.
public struct Table2Cell: StudyCell {
  public var plan: Table2Plan
  public var arm: Arm
  public var seed: UInt64
  /// ‖δ‖₂ of the noise.
  public var norm: Double?

  public enum Arm: String, Codable, CaseIterable, Sendable {
    /// The attacked images themselves: what few images of the same distribution have.
    case clean
    /// Supervised MinMax with random projections as views of an image.
    case projections
    /// The same with the outputs of the classifier's first convolution.
    case convolution
    case pgd
    case cw
    /// Gaussian noise as long as the changes of MinMax with the convolution.
    case noise
  }

  public struct Outcome: Codable, Sendable {
    /// The classifier's accuracy on the whole test set.
    public var accuracy: Double
    public var images: Int
    /// The share of the images that the classifier gives another class.
    public var successRate: Double
    /// From the training images, by the classifier's last hidden layer.
    public var frechet: Double
    public var frechetOfMany: Double?
    public var kernel: Double
    /// Means over the images.
    public var l2: Double
    public var ssim: Double?
  }

  public var label: String { "\(plan.dataset)/\(arm.rawValue)/seed-\(seed)" }
  public var sets: [DataPart] { [DataPart(plan.dataset, pool: plan.samples)] }

  public func run(_ context: CellContext) throws -> Outcome {
    let entry = try context.data.load(plan.dataset, limit: plan.samples)
    let classifier = StudyClassifier(dataset: plan.dataset, samples: plan.samples, epochs: plan.epochs)
    let (model, labels, correct) = try classifier.load(entry, context)
    let chosen = Array(correct.prefix(plan.images))
    guard chosen.count >= 8 else {
      throw StudyError.settings("\(plan.dataset): only \(chosen.count) test images are classified correctly")
    }
    let set = entry.test.gathered(chosen), own = chosen.map { labels[$0] }
    let perturbed = try self.perturbed(set, own, model, context)
    try ShownImages.keep(self, set, perturbed, context)
    let reference = try features(model, entry.train[0..<min(plan.reference, entry.train.shape[0])])
    let found = try features(model, perturbed)
    let limit = FeatureDistances.frechetOfMany(found, reference)
    let distances = ExampleDistances(set, perturbed)
    let predicted = try predictedClasses(model, perturbed)
    return Outcome(
      accuracy: Double(correct.count) / Double(labels.count), images: chosen.count,
      successRate: mean(zip(predicted, own).map { $0 == $1 ? 0 : 1 }),
      frechet: FeatureDistances.frechet(found, reference), frechetOfMany: limit.isFinite ? limit : nil,
      kernel: FeatureDistances.kernel(found, reference), l2: mean(distances.l2.map(Double.init)),
      ssim: distances.ssim.map { mean($0.map(Double.init)) })
  }

  /// The classifier's last hidden layer.
  private func features(_ model: any Model, _ x: Tensor) throws -> Tensor {
    try withoutGrad {
      concatenated(
        try stride(from: 0, to: x.shape[0], by: 512).map { first in
          try model.output(.embedding, of: x[first..<min(first + 512, x.shape[0])])
        })
    }
  }

  private func perturbed(
    _ set: Tensor, _ labels: [Int], _ model: any Model, _ context: CellContext
  ) throws -> Tensor {
    func attacked(_ surrogate: Surrogate, _ similarity: any Similarity, _ solver: any Solver) throws -> Tensor
    {
      try Attack(
        criterion: Misclassification(labels: labels, surrogate: surrogate) {
          try model.output(.logits, of: $0)
        }, similarity: similarity, solver: solver, seed: seed, device: model.device
      ).run(set, range: 0..<set.shape[0], threads: context.threads, isCancelled: context.stopsEarly).perturbed
    }
    func minmax(_ views: any SampleViews) throws -> Tensor {
      let configuration = MINE.Configuration(
        stepsPerIteration: plan.mineSteps, learningRate: Float(plan.mineLearningRate))
      return try attacked(
        .margin, Opposite(try LearnedInformation(views: views, configuration: configuration)),
        MinMax(start: .glorot, iterations: plan.iterations))
    }
    switch arm {
    case .clean: return set
    case .projections:
      return try minmax(
        RandomProjection(
          count: plan.projections, sampleSize: set.count / set.shape[0], seed: seed, device: set.device))
    case .convolution:
      guard let views = try model.views(nil, samples: set[0..<1]) else {
        throw StudyError.settings(
          "the classifier of \(plan.dataset) has no first convolution to take views from")
      }
      return try minmax(views)
    case .pgd:
      return try attacked(
        .crossEntropy, Distance(),
        PGD(
          epsilon: plan.epsilon, alpha: 2.5 * plan.epsilon / Double(plan.iterations),
          iterations: plan.iterations))
    case .cw: return try attacked(.margin, Distance(), CarliniWagner(iterations: max(1, plan.iterations / 9)))
    case .noise:
      let drawn = RandomStream(seed: seed, purpose: .augmentation).normal(set.count)
      let noise = Tensor(drawn, set.shape).to(set.device)
      let scale = (norm ?? 0) / noise.sampleNorms().clamped(atLeast: 1e-12)
      return withoutGrad { (set + noise * scale.perSample(like: noise)).clamped(0...1) }
    }
  }
}
