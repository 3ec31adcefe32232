import Datasets

/// Sizes and settings of the robustness study: what `Plans/robustness-*.yaml` hold.
package struct RobustnessPlan: StudyPlan {
  package var name: String
  package var dataset: String
  /// Samples to train on, drawn by the seed from the first `pool` ones of the set.
  package var samples: Int
  package var pool: Int
  package var updates: Int
  package var batchSize: Int
  package var learningRate: Double
  /// The ways of training; the first is what the others are held against.
  package var arms: [Arm]
  /// How many test samples are attacked: the first ones, whether they are classified correctly or not.
  package var attacked: Int
  /// The bounds of the attacks, and their gradients.
  package var epsilons: [Double]
  package var iterations: Int
  package var seeds: Int

  package static let parts: [PlanPart<RobustnessPlan>] = [
    PlanPart("dataset", "a data set with labels") { plan, names in plan.dataset = names.joined() },
    .number("seeds", "paired seeds", \.seeds),
  ]

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try DataPart(dataset, pool: pool, samples: samples).validate()
    try require(!arms.isEmpty, "there are no arms")
    for arm in arms {
      try arm.validate()
      try require(arm.name != nil, "\(arm.description): an arm needs a name")
    }
    try require(Set(arms.compactMap(\.name)).count == arms.count, "two arms have one name")
    try require(2...100_000 ~= batchSize, "batchSize is \(batchSize); it must be from 2 to 100000")
    try require(1...10_000_000 ~= updates, "updates is \(updates); it must be from 1 to 10000000")
    try require(learningRate > 0, "learningRate must be positive")
    try require(1...1_000_000 ~= attacked, "attacked is \(attacked); it must be from 1 to 1000000")
    try require(
      !epsilons.isEmpty && epsilons.allSatisfy { $0 > 0 && $0 <= 1 }, "epsilons must be above 0 and at most 1"
    )
    try require(1...100_000 ~= iterations, "iterations is \(iterations); it must be from 1 to 100000")
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
  }

  /// One training.
  func experiment(_ arm: Arm, seed: UInt64) -> Experiment {
    Experiment(
      data: DataPart(dataset, pool: pool, samples: samples), model: "classifier", arm: arm,
      schedule: Schedule(updates: updates, batchSize: batchSize, learningRate: learningRate), seed: seed)
  }
}
