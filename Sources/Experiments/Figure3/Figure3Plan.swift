/// Sizes and settings of Figure 3: what `Plans/figure3-*.yaml` hold.
package struct Figure3Plan: ClassifierStudyPlan, GivenModelsPlan {
  package var name: String
  package var dataset: String
  /// The first training samples that the classifier learns from, where not all are taken.
  package var samples: Int?
  /// The classifier's training.
  package var epochs: Int
  /// How many test images are attacked: the first of those classified correctly.
  package var images: Int
  /// T: the gradient evaluations that every method has for an image.
  package var iterations: Int
  /// The bounds of the change of a value.
  package var epsilons: [Double]
  /// Steps of MINE's critic at each evaluation.
  package var mineSteps: Int
  package var mineLearningRate: Double
  /// Classifiers to attack beside the study's own. They are of a run, not of the plan: a file of settings has none, and a
  /// cell has the one that it attacks.
  package var models: [GivenModel] = []

  private enum CodingKeys: String, CodingKey {
    case name, dataset, samples, epochs, images, iterations, epsilons, mineSteps, mineLearningRate
  }

  package static var parts: [PlanPart<Figure3Plan>] {
    attackParts + [
      modelPart("classifiers of yours to attack, too")
    ]
  }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try validateAttacks(images: 2...1_000_000)
    try require(
      !epsilons.isEmpty && epsilons.allSatisfy { $0 > 0 && $0 <= 1 }, "epsilons must be above 0 and at most 1"
    )
    try validateModels()
  }
}
