import Datasets
import Foundation
import Models

/// Which cells of the study are run and at what size: what `Plans/table4-*.yaml` hold.
package struct Table4Plan: StudyPlan {
  /// How one of the four models is trained.
  package struct Row: Codable, Equatable, Sendable {
    /// Passes over the data, original or doubled; even, so that half of them are equal steps on the doubled set.
    package var epochs: Int
    /// Training samples, the first of the set; absent for all.
    package var samples: Int?
  }

  /// The parameters of Algorithm 1 and of its similarity.
  package struct UAE: Codable, Equatable, Sendable {
    package var alpha: Double
    package var beta: Double
    package var iterations: Int
    package var epsilon: Double
    package var kappa: Double
    package var mineSteps: Int
    package var mineLearningRate: Double
  }

  package var name: String
  package var datasets: [String]
  /// By the model family's name.
  package var rows: [String: Row]
  /// What is trained on, by the names that the study knows.
  package var arms: [String]
  /// How many seeds, from 1.
  package var seeds: Int
  package var batchSize: Int
  package var uae: UAE

  package static var parts: [PlanPart<Table4Plan>] {
    [
      PlanPart("dataset", "data sets, also others than the plan's") { $0.datasets = $1 },
      PlanPart("model", "model families of the plan") { plan, names in
        if let unknown = names.first(where: { [rows = plan.rows] in rows[$0] == nil }) {
          throw StudyError.settings(
            "\(plan.name) has no row '\(unknown)'; it has \(plan.rows.keys.sorted().joined(separator: ", "))")
        }
        plan.rows = plan.rows.filter { names.contains($0.key) }
      },
      PlanPart("arm", "what to train on besides the data") { $0.arms = $1 },
      .number("seeds", "how many seeds, from 1", \.seeds),
    ]
  }

  /// - Throws: ``StudyError/settings(_:)`` that names the first setting out of range.
  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    for (name, row) in rows {
      do { _ = try ModelFamilies.named(name) } catch { throw StudyError.settings("rows: \(error)") }
      try require(
        row.epochs >= 2 && row.epochs.isMultiple(of: 2),
        "\(name).epochs is \(row.epochs); it must be even and at least 2")
      try require(row.samples ?? 1 >= 1, "\(name).samples must be at least 1")
    }
    for dataset in datasets {
      try require(DatasetRegistry.named(dataset) != nil, "unknown data set '\(dataset)'")
    }
    for arm in arms { try Table4Arms.named(arm, uae).validate() }
    try require(!rows.isEmpty && !datasets.isEmpty && !arms.isEmpty, "there is nothing to run")
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
    try require(1...100_000 ~= batchSize, "batchSize is \(batchSize); it must be from 1 to 100000")
    try require(
      uae.alpha > 0 && uae.beta >= 0 && uae.beta <= 1, "alpha must be positive and beta from 0 to 1")
    try require(1...100_000 ~= uae.iterations, "iterations is \(uae.iterations); it must be from 1 to 100000")
    try require(0...1 ~= uae.epsilon && uae.kappa >= 0, "epsilon must be from 0 to 1 and kappa not negative")
    try require(
      0...10_000 ~= uae.mineSteps && uae.mineLearningRate > 0, "MINE needs steps ≥ 0 and a rate > 0")
  }

  /// The cells, seed by seed.
  /// - Throws: ``StudyError/settings(_:)`` for an unknown arm.
  package func cells() throws -> [Experiment] {
    let models = ModelFamilies.all.map(\.name).filter { rows[$0] != nil }
    let arms = try arms.map { try Table4Arms.named($0, uae) }
    return (1...seeds).flatMap { seed in
      datasets.flatMap { dataset in
        models.flatMap { model in
          arms.compactMap { arm in
            rows[model].map { row in
              Experiment(
                data: DataPart(dataset, pool: row.samples), model: model, arm: arm,
                schedule: Schedule(epochs: row.epochs, batchSize: batchSize), seed: UInt64(seed),
                keepsPictures: seed == 1)
            }
          }
        }
      }
    }
  }
}
