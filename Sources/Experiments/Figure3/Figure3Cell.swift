import Attacks
import Evaluation
import Models
import MutualInformation
import Torch

/// One method within one bound on all images.
public struct Figure3Cell: StudyCell {
  public var plan: Figure3Plan
  public var method: Method
  public var epsilon: Double

  public enum Method: String, Codable, CaseIterable, Sendable { case minmax, pgd, apgd }

  /// Per image, in order; failures have nil.
  public struct Outcome: Codable, Sendable {
    /// The classifier's accuracy on the whole test set.
    public var accuracy: Double
    public var succeeded: [Bool]
    public var l2: [Double?]
    /// −½ ln(1 − cos²(x, x′)).
    public var closedForm: [Double?]
    public var ssim: [Double?]
  }

  public var label: String { "\(plan.dataset)/\(method.rawValue)/epsilon-\(epsilon)" }
  public var sets: [DataPart] { [DataPart(plan.dataset, pool: plan.samples)] }

  public func run(_ context: CellContext) throws -> Outcome {
    let entry = try context.data.load(plan.dataset, limit: plan.samples)
    let classifier = StudyClassifier(dataset: plan.dataset, samples: plan.samples, epochs: plan.epochs)
    let (model, labels, correct) = try classifier.load(entry, context)
    let chosen = Array(correct.prefix(plan.images))
    guard !chosen.isEmpty else {
      throw StudyError.settings("\(plan.dataset): no test image is classified correctly")
    }
    let set = entry.test.gathered(chosen)
    let attack = try makeAttack(model, set, labels: chosen.map { labels[$0] })
    let found = try attack.run(
      set, range: 0..<chosen.count, threads: context.threads, isCancelled: context.stopsEarly)
    let distances = ExampleDistances(set, found.perturbed)
    let won = found.examples.succeeded
    func kept(_ values: [Float]?) -> [Double?] {
      won.indices.map { row in values.flatMap { won[row] && $0[row].isFinite ? Double($0[row]) : nil } }
    }
    try ShownImages.keep(self, set, found.perturbed, context)
    return Outcome(
      accuracy: Double(correct.count) / Double(labels.count), succeeded: won, l2: kept(distances.l2),
      closedForm: kept(distances.information), ssim: kept(distances.ssim))
  }

  private func makeAttack(_ model: any Model, _ set: Tensor, labels: [Int]) throws -> Attack {
    func misclassified(_ surrogate: Surrogate) -> Misclassification {
      Misclassification(labels: labels, surrogate: surrogate) { try model.output(.logits, of: $0) }
    }
    switch method {
    case .minmax:
      guard let views = try model.views(nil, samples: set[0..<1]) else {
        throw StudyError.settings(
          "the classifier of \(plan.dataset) has no first convolution to take views from")
      }
      let configuration = MINE.Configuration(
        stepsPerIteration: plan.mineSteps, learningRate: Float(plan.mineLearningRate))
      return Attack(
        criterion: misclassified(.margin),
        similarity: Opposite(try LearnedInformation(views: views, configuration: configuration)),
        solver: MinMax(start: .glorot, iterations: plan.iterations, epsilon: epsilon), seed: 1,
        device: model.device)
    case .pgd:
      // Steps that reach the edge two and a half times, as is usual.
      return Attack(
        criterion: misclassified(.crossEntropy), similarity: Distance(),
        solver: PGD(
          epsilon: epsilon, alpha: 2.5 * epsilon / Double(plan.iterations), iterations: plan.iterations),
        seed: 1,
        device: model.device)
    case .apgd:
      return Attack(
        criterion: misclassified(.margin), similarity: Distance(),
        solver: APGD(epsilon: epsilon, iterations: plan.iterations), seed: 1, device: model.device)
    }
  }
}
