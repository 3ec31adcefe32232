/// Sizes and settings of Figure 3: what `Plans/figure3-*.yaml` hold.
public struct Figure3Plan: StudyPlan {
  public var name: String
  public var dataset: String
  /// The first training samples that the classifier learns from, where not all are taken.
  public var samples: Int?
  /// The classifier's training.
  public var epochs: Int
  /// How many test images are attacked: the first of those classified correctly.
  public var images: Int
  /// T: the gradient evaluations that every method has for an image.
  public var iterations: Int
  /// The bounds of the change of a value.
  public var epsilons: [Double]
  /// Steps of MINE's critic at each evaluation.
  public var mineSteps: Int
  public var mineLearningRate: Double

  public static let parts: [PlanPart<Figure3Plan>] = [
    PlanPart("dataset", "a data set with labels") { plan, names in plan.dataset = names.joined() },
    .number("images", "test images", \.images), .number("iterations", "gradient evaluations", \.iterations),
  ]

  public func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try DataPart(dataset, pool: samples).validate()
    try require(1...10_000 ~= epochs, "epochs is \(epochs); it must be from 1 to 10000")
    try require(2...1_000_000 ~= images, "images is \(images); it must be from 2 to 1000000")
    try require(1...1_000_000 ~= iterations, "iterations is \(iterations); it must be from 1 to 1000000")
    try require(0...10_000 ~= mineSteps, "mineSteps is \(mineSteps); it must be from 0 to 10000")
    try require(
      mineLearningRate > 0 && mineLearningRate <= 1,
      "mineLearningRate is \(mineLearningRate); it must be above 0 and at most 1")
    try require(
      !epsilons.isEmpty && epsilons.allSatisfy { $0 > 0 && $0 <= 1 }, "epsilons must be above 0 and at most 1"
    )
  }
}
