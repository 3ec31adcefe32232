import Datasets

/// Sizes and settings of Table 3: what `Plans/table3-*.yaml` hold.
package struct Table3Plan: ClassifierStudyPlan {
  package var name: String
  package var dataset: String
  /// The first training samples that the classifier learns from, where not all are taken.
  package var samples: Int?
  /// The classifier's training.
  package var epochs: Int
  /// How many test images are attacked: the first of those classified correctly.
  package var images: Int
  /// T: the gradient evaluations that either method has for an image.
  package var iterations: Int
  /// The searches among which the penalty method divides them.
  package var searches: Int
  /// Steps of MINE's critic at each evaluation.
  package var mineSteps: Int
  package var mineLearningRate: Double
  /// Steps of the fresh critic that judges.
  package var judgeSteps: Int
  package var seeds: Int
  /// Whether both methods compute as the published code does where that is not as the paper says; nil for no.
  package var asPublished: Bool?

  package static var parts: [PlanPart<Table3Plan>] {
    attackParts + [.number("seeds", "seeds of the attacks", \.seeds), asPublishedPart(\.asPublished)]
  }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try require(1...100 ~= searches, "searches is \(searches); it must be from 1 to 100")
    try validateAttacks(images: 2...1_000_000, iterations: searches...1_000_000)
    try require(1...100_000 ~= judgeSteps, "judgeSteps is \(judgeSteps); it must be from 1 to 100000")
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
  }
}
