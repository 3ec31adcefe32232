/// Sizes and settings of Table 2: what `Plans/table2-*.yaml` hold.
package struct Table2Plan: ClassifierStudyPlan, GivenModelsPlan {
  package var name: String
  package var dataset: String
  /// The first training samples that the classifier learns from, where not all are taken.
  package var samples: Int?
  /// The classifier's training.
  package var epochs: Int
  /// How many test images are attacked: the first of those classified correctly.
  package var images: Int
  /// The first training images, which the examples are held against.
  package var reference: Int
  /// T: the gradient evaluations that every attack has for an image.
  package var iterations: Int
  /// ε of the attack by gradients within a bound.
  package var epsilon: Double
  /// K: the random projections.
  package var projections: Int
  /// Steps of MINE's critic at each evaluation.
  package var mineSteps: Int
  package var mineLearningRate: Double
  package var seeds: Int
  /// Whether supervised MinMax computes as the published code does where that is not as the paper says; nil for no.
  package var asPublished: Bool?
  /// Networks whose outputs are features, beside the classifier's own. They are of a run, not of the plan: a file of settings
  /// has none, and a cell has those that it uses.
  package var models: [GivenModel] = []

  private enum CodingKeys: String, CodingKey {
    case name, dataset, samples, epochs, images, reference, iterations, epsilon, projections, mineSteps
    case mineLearningRate, seeds, asPublished
  }

  package static var parts: [PlanPart<Table2Plan>] {
    attackParts + [
      .number("seeds", "seeds of the attacks", \.seeds), asPublishedPart(\.asPublished),
      modelPart("networks whose outputs are features to compare by, too"),
    ]
  }

  /// The random projections: the published code has 500, whatever the paper says.
  var projectionCount: Int { asPublished == true ? 500 : projections }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try validateAttacks(images: 8...100_000)
    try require(8...100_000 ~= reference, "reference is \(reference); it must be from 8 to 100000")
    try require(epsilon > 0 && epsilon <= 1, "epsilon is \(epsilon); it must be above 0 and at most 1")
    try require(2...10_000 ~= projections, "projections is \(projections); it must be from 2 to 10000")
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
    try validateModels()
  }
}
