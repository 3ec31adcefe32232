import Attacks
import Evaluation
import MutualInformation
import Torch

/// One set of images and its distance from the training images.
package struct Table2Cell: StudyCell {
  package var plan: Table2Plan
  package var arm: Arm
  package var seed: UInt64
  /// ‖δ‖₂ of the noise.
  package var norm: Double?
  /// The user's networks of features; nil for none.
  package var features: [GivenModel]?

  package enum Arm: String, Codable, CaseIterable, Sendable {
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

  package struct Outcome: Codable, Sendable {
    /// The classifier's accuracy on the whole test set.
    package var accuracy: Double
    package var images: Int
    /// The share of the images that the classifier gives another class.
    package var successRate: Double
    /// From the training images, by the classifier's last hidden layer.
    package var frechet: Double
    package var frechetOfMany: Double?
    package var kernel: Double
    /// Means over the images.
    package var l2: Double
    package var ssim: Double?
    /// By the features of the user's networks, by their names; nil for none.
    package var given: [String: Apart]?
  }

  /// How far two sets are from each other by some features.
  package struct Apart: Codable, Sendable {
    package var frechet: Double
    package var frechetOfMany: Double?
    package var kernel: Double

    init(_ found: Tensor, _ reference: Tensor) {
      let limit = FeatureDistances.frechetOfMany(found, reference)
      frechet = FeatureDistances.frechet(found, reference)
      frechetOfMany = limit.isFinite ? limit : nil
      kernel = FeatureDistances.kernel(found, reference)
    }
  }

  package var label: String { "\(plan.dataset)/\(arm.rawValue)/seed-\(seed)" }
  package var sets: [DataPart] { [plan.part] }

  package func run(_ context: CellContext) throws -> Outcome {
    let classifier = try StudyClassifier(plan, atLeast: 8, context)
    let set = classifier.set, model = classifier.model
    let perturbed = try self.perturbed(classifier, context)
    try ShownImages.keep(self, set, perturbed, context)
    let train = try context.data.load(plan.dataset, limit: plan.samples).train
    let reference = train[0..<min(plan.reference, train.shape[0])]
    let own = Apart(try embeddings(model, perturbed), try embeddings(model, reference))
    var given: [String: Apart] = [:]
    for network in features ?? [] {
      try context.checkCancelled()
      let model = try network.opened(on: reference, as: .embedding)
      given[network.name] = Apart(try embeddings(model, perturbed), try embeddings(model, reference))
    }
    let distances = ExampleDistances(set, perturbed)
    let predicted = try predictedClasses(model, perturbed)
    return Outcome(
      accuracy: classifier.accuracy, images: set.shape[0],
      successRate: mean(zip(predicted, classifier.labels).map { $0 == $1 ? 0 : 1 }),
      frechet: own.frechet, frechetOfMany: own.frechetOfMany, kernel: own.kernel,
      l2: mean(distances.l2.map(Double.init)), ssim: distances.ssim.map { mean($0.map(Double.init)) },
      given: given.isEmpty ? nil : given)
  }

  private func perturbed(_ classifier: StudyClassifier, _ context: CellContext) throws -> Tensor {
    let set = classifier.set
    func attacked(_ attack: Attack) throws -> Tensor {
      try attack.run(
        set, range: 0..<set.shape[0], threads: context.threads, isCancelled: context.stopsEarly
      ).perturbed
    }
    func minmax(_ views: any SampleViews) throws -> Tensor {
      let published = PublishedSearch(.minmax, iterations: plan.iterations, searches: 1)
      return try attacked(
        plan.asPublished == true
          ? classifier.attack(
            published, likeness: views, plan.publishedCritic(.minmax), seed: seed)
          : classifier.attack(
            MinMax(start: .glorot, iterations: plan.iterations), likeness: views, plan.critic, seed: seed))
    }
    switch arm {
    case .clean: return set
    case .projections:
      return try minmax(
        RandomProjection(
          count: plan.projectionCount, sampleSize: set.count / set.shape[0], seed: seed, device: set.device))
    case .convolution: return try minmax(classifier.convolution())
    case .pgd:
      let alpha = 2.5 * plan.epsilon / Double(plan.iterations)
      return try attacked(
        classifier.attack(
          PGD(epsilon: plan.epsilon, alpha: alpha, iterations: plan.iterations), surrogate: .crossEntropy,
          seed: seed))
    case .cw:
      return try attacked(
        classifier.attack(CarliniWagner(iterations: max(1, plan.iterations / 9)), seed: seed))
    case .noise:
      let drawn = RandomStream(seed: seed, purpose: .augmentation).normal(set.count)
      let noise = Tensor(drawn, set.shape).to(set.device)
      let scale = (norm ?? 0) / noise.sampleNorms().clamped(atLeast: 1e-12)
      return withoutGrad { (set + noise * scale.perSample(like: noise)).clamped(0...1) }
    }
  }
}
