import Datasets
import Models

/// Which data and models the search is tried on: what `Plans/augment-*.yaml` hold.
package struct SearchesPlan: StudyPlan {
  package struct Row: Codable, Hashable, Sendable {
    package var dataset: String
    /// The first training samples of the set, where not all are taken.
    package var samples: Int?
    /// The model family's name.
    package var model: String
    /// Updates per training; in place of a budget, so that the figures do not hang on the machine.
    package var updates: Int
  }

  package var name: String
  package var rows: [Row]
  /// Seeds of each comparison on the test set.
  package var seeds: Int
  package var batchSize: Int

  package static let parts: [PlanPart<SearchesPlan>] = [
    PlanPart("dataset", "data sets") { plan, names in
      plan.rows = plan.rows.filter { names.contains($0.dataset) }
    },
    PlanPart("model", "model families") { plan, names in
      plan.rows = plan.rows.filter { names.contains($0.model) }
    },
    .number("seeds", "seeds of each comparison", \.seeds),
  ]

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    for row in rows {
      try DataPart(row.dataset, pool: row.samples).validate()
      do { _ = try ModelFamilies.named(row.model) } catch { throw StudyError.settings("rows: \(error)") }
      try require(
        1...10_000_000 ~= row.updates,
        "\(row.dataset): updates is \(row.updates); it must be from 1 to 10000000")
    }
    try require(!rows.isEmpty, "there is nothing to run")
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
    try require(2...100_000 ~= batchSize, "batchSize is \(batchSize); it must be from 2 to 100000")
  }
}
