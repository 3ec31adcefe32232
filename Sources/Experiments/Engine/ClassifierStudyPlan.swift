import Attacks
import Datasets
import MutualInformation

/// What studies of attacks on a classifier have in common: the data, the classifier that is attacked, and the attacks' means.
protocol ClassifierStudyPlan: StudyPlan {
  var dataset: String { get set }
  /// The first training samples that the classifier learns from, where not all are taken.
  var samples: Int? { get }
  /// The classifier's training.
  var epochs: Int { get }
  /// How many test images are attacked: the first of those classified correctly.
  var images: Int { get set }
  /// T: the gradient evaluations that every attack has for an image.
  var iterations: Int { get set }
  /// Steps of MINE's critic at each evaluation.
  var mineSteps: Int { get }
  var mineLearningRate: Double { get }
}

extension ClassifierStudyPlan {
  static var attackParts: [PlanPart<Self>] {
    [
      PlanPart("dataset", "a data set with labels") { plan, names in plan.dataset = names.joined() },
      PlanPart.number("images", "test images", \.images),
      PlanPart.number("iterations", "gradient evaluations", \.iterations),
    ]
  }

  /// The part of plans that know the published code's arithmetic.
  static func asPublishedPart(_ path: WritableKeyPath<Self, Bool?> & Sendable) -> PlanPart<Self> {
    PlanPart("as-published", "yes: the arithmetic of the published code, where it is another") {
      plan, values in
      guard values == ["yes"] || values == ["no"] else {
        throw StudyError.settings("as-published is '\(values.joined(separator: ","))'; it must be yes or no")
      }
      plan[keyPath: path] = values == ["yes"] ? true : nil
    }
  }

  /// What the study reads.
  var part: DataPart { DataPart(dataset, pool: samples) }

  /// The attacks' critic.
  var critic: MINE.Configuration {
    MINE.Configuration(stepsPerIteration: mineSteps, learningRate: Float(mineLearningRate))
  }

  /// The published code's critic, of which each call of the search takes one step.
  func publishedCritic(_ method: PublishedSearch.Method) -> MINE.Configuration {
    MINE.Configuration(
      architecture: .authors, hiddenUnits: 10, stepsPerIteration: 1,
      learningRate: Float(PublishedSearch.learningRate(method)))
  }

  /// - Throws: ``StudyError/settings(_:)`` with the first of these settings that is out of range.
  func validateAttacks(
    images range: ClosedRange<Int>, iterations bounds: ClosedRange<Int> = 1...1_000_000
  ) throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try part.validate()
    try require(1...10_000 ~= epochs, "epochs is \(epochs); it must be from 1 to 10000")
    try require(
      range ~= images, "images is \(images); it must be from \(range.lowerBound) to \(range.upperBound)")
    try require(
      bounds ~= iterations,
      "iterations is \(iterations); it must be from \(bounds.lowerBound) to \(bounds.upperBound)")
    try require(0...10_000 ~= mineSteps, "mineSteps is \(mineSteps); it must be from 0 to 10000")
    try require(
      mineLearningRate > 0 && mineLearningRate <= 1,
      "mineLearningRate is \(mineLearningRate); it must be above 0 and at most 1")
  }
}
