import Attacks

/// One method within one bound on all images of a classifier.
package struct Figure3Cell: StudyCell {
  package var plan: Figure3Plan
  /// The user's classifier that is attacked; nil for the study's own.
  package var model: GivenModel?
  package var method: Method
  package var epsilon: Double

  package enum Method: String, Codable, CaseIterable, Sendable { case minmax, pgd, apgd }

  /// Per image, in order; failures have nil.
  package struct Outcome: Codable, Sendable {
    /// The classifier's accuracy on the whole test set.
    package var accuracy: Double
    package var succeeded: [Bool]
    package var l2: [Double?]
    /// −½ ln(1 − cos²(x, x′)).
    package var closedForm: [Double?]
    package var ssim: [Double?]
  }

  package var label: String {
    ([plan.dataset] + (model.map { [$0.name] } ?? []) + [method.rawValue, "epsilon-\(epsilon)"])
      .joined(separator: "/")
  }
  package var sets: [DataPart] { [plan.part] }

  package func run(_ context: CellContext) throws -> Outcome {
    let classifier = try StudyClassifier(plan, given: model, atLeast: 1, context)
    let set = classifier.set
    let found = try attack(on: classifier).run(
      set, range: 0..<set.shape[0], threads: context.threads, isCancelled: context.stopsEarly)
    let distances = ExampleDistances(set, found.perturbed)
    let won = found.examples.succeeded
    func kept(_ values: [Float]?) -> [Double?] {
      won.indices.map { row in values.flatMap { won[row] && $0[row].isFinite ? Double($0[row]) : nil } }
    }
    try ShownImages.keep(self, set, found.perturbed, context)
    return Outcome(
      accuracy: classifier.accuracy, succeeded: won, l2: kept(distances.l2),
      closedForm: kept(distances.information), ssim: kept(distances.ssim))
  }

  private func attack(on classifier: StudyClassifier) throws -> Attack {
    switch method {
    case .minmax:
      return try classifier.attack(
        MinMax(start: .glorot, iterations: plan.iterations, epsilon: epsilon),
        likeness: classifier.views(seed: 1), plan.critic, seed: 1)
    case .pgd:
      // Steps that reach the edge two and a half times, as is usual.
      let alpha = 2.5 * epsilon / Double(plan.iterations)
      return classifier.attack(
        PGD(epsilon: epsilon, alpha: alpha, iterations: plan.iterations), surrogate: .crossEntropy, seed: 1)
    case .apgd: return classifier.attack(APGD(epsilon: epsilon, iterations: plan.iterations), seed: 1)
    }
  }
}
