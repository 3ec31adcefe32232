import Datasets
import Evaluation

/// How much the study of the estimators measures: what `Plans/estimators-*.yaml` hold.
package struct EstimatorPlan: StudyPlan {
  /// So many views of so many independent samples.
  package struct Views: Codable, Equatable, Sendable {
    package var views: Int
    package var samples: Int
  }

  package var name: String
  /// Whose training samples make the pairs whose order is judged.
  package var dataset: String
  /// Of all draws.
  package var seed: UInt64
  /// Batches of 64 for the optimal critic at each level of information.
  package var optimalBatches: Int
  /// Steps of training for each critic on the correlated Gaussians, and the batches that it is then judged on.
  package var trainingSteps: Int
  package var judgedBatches: Int
  /// Batch sizes at which the ceiling is shown, at 10 nats.
  package var ceilingSizes: [Int]
  /// Per-sample MINE: the cosine of the pairs, the coordinates of a view, MINE's step sizes (the first is that of the recipe
  /// `paper`, another one comes close to its optimum), the views, and after how many steps they are read.
  package var cosine: Double
  package var dimensions: [Int]
  package var learningRates: [Float]
  package var perSample: [Views]
  package var perSampleSteps: [Int]
  /// Pairs (x, x′) of real samples for the recipe's critic, and its steps of training.
  package var pairs: Int
  package var recipeSteps: [Int]
  /// The same for the network and the settings of the authors' code, which costs some hundred times as much a step.
  package var authorsPairs: Int
  package var authorsSteps: [Int]
  /// Steps of training of the autoencoder that the adversarial pairs are made against.
  package var modelSteps: Int

  package static var parts: [PlanPart<EstimatorPlan>] {
    [
      PlanPart("dataset", "whose samples make the pairs") { plan, names in
        guard let name = names.first, names.count == 1 else {
          throw StudyError.settings(
            "the pairs are those of one data set, not of \(names.joined(separator: ", "))")
        }
        plan.dataset = name
      },
      .number("seed", "of all draws", \.seed),
    ]
  }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try require(DatasetRegistry.named(dataset) != nil, "unknown data set '\(dataset)'")
    let counts = [optimalBatches, trainingSteps, judgedBatches, modelSteps]
    try require(counts.allSatisfy { $0 >= 1 }, "batches and steps must be at least 1")
    try require(ceilingSizes.allSatisfy { $0 >= 2 }, "ceilingSizes must be at least 2")
    try require(cosine > -1 && cosine < 1, "cosine is \(cosine); it must be between -1 and 1")
    try require(
      !learningRates.isEmpty && learningRates.allSatisfy { $0 > 0 }, "learningRates must be positive")
    try require(
      dimensions.contains(1) && dimensions.allSatisfy { $0 >= 1 }, "dimensions must be at least 1, and have 1"
    )
    try require(
      !perSample.isEmpty && perSample.allSatisfy { $0.views >= 2 && $0.samples >= 1 },
      "perSample needs views (at least 2) of samples")
    for steps in [perSampleSteps, recipeSteps, authorsSteps] {
      try require(!steps.isEmpty && steps == Set(steps).sorted(), "steps must be there, and ascend")
    }
    try require(pairs >= 12 && authorsPairs >= 12, "pairs must be at least 12")
  }

  /// What is measured of per-sample MINE.
  var settings: [PerSampleBenchmark.Setting] {
    perSample.flatMap { one in
      learningRates.flatMap { rate in
        dimensions.map {
          PerSampleBenchmark.Setting(
            cosine: cosine, dimensions: $0, views: one.views, learningRate: rate, steps: perSampleSteps,
            samples: one.samples)
        }
      }
    }
  }
}
