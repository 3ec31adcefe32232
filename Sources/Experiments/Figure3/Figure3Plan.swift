/// Sizes and settings of Figure 3: what `Plans/figure3-*.yaml` hold.
package struct Figure3Plan: ClassifierStudyPlan {
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

  package static var parts: [PlanPart<Figure3Plan>] {
    attackParts
  }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try validateAttacks(images: 2...1_000_000)
    try require(
      !epsilons.isEmpty && epsilons.allSatisfy { $0 > 0 && $0 <= 1 }, "epsilons must be above 0 and at most 1"
    )
  }
}
