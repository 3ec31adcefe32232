import Evaluation
import Foundation
import Reports

/// The study's tables, from finished cells alone.
enum RecipesTables {
  /// Test errors with both paired comparisons.
  static func errors(_ row: RecipesRow) throws -> Table {
    try Table(
      columns: [
        "arm", "setting", "test error", "against the same data", "p", "against tuned noise",
        "p ",
      ],
      rows: row.arms.map { arm in
        [
          arm.name, arm.arm.description, arm.summary(\.trained.test)?.description ?? "–",
          ComparisonText.change(arm.toSame), adjusted(arm.toSame), ComparisonText.change(arm.toNoise),
          adjusted(arm.toNoise),
        ]
      })
  }

  /// What the examples are like, and what they cost.
  static func examples(_ row: RecipesRow) throws -> Table {
    func share(_ summary: Summary?) -> String { summary.map { ComparisonText.fixed($0, 1) + " %" } ?? "–" }
    return try Table(
      columns: [
        "arm", "success rate", "‖δ‖₂", "affinity", "diversity", "training error", "seconds to train",
        "to make examples", "in all",
      ],
      rows: row.arms.map { arm in
        [
          arm.name, share(arm.summary { $0.examples.map { 100 * $0.successRate } }),
          arm.summary { $0.examples?.trainedL2 }.map { ComparisonText.fixed($0, 2) } ?? "–",
          share(arm.summary { $0.affinity.map { 100 * $0 } }),
          arm.summary(\.diversity)?.description ?? "–", arm.summary(\.trained.train)?.description ?? "–",
          arm.summary(\.trainingSeconds).map { String(format: "%.1f", $0.mean) } ?? "–",
          arm.summary(\.attackSeconds).map { String(format: "%.1f", $0.mean) } ?? "–",
          String(format: "%.1f", row.cost(arm)),
        ]
      })
  }

  /// What the trained models are like besides.
  static func robustness(_ row: RecipesRow) throws -> Table {
    try Table(
      columns: ["arm", "noisy", "occluded", "shifted", "attacked: success rate", "attacked: ‖δ‖₂"],
      rows: row.arms.map { arm in
        func text(_ figure: (RobustnessMeasures) -> Double?) -> String {
          arm.summary { $0.robustness.flatMap(figure) }?.description ?? "–"
        }
        return [
          arm.name, text(\.noisy), text(\.occluded), text(\.shifted),
          arm.summary { $0.robustness.map { 100 * $0.attacked } }.map { ComparisonText.fixed($0, 1) + " %" }
            ?? "–", text(\.attackedL2),
        ]
      })
  }

  /// Every candidate's change of the validation error.
  static func candidates(_ choice: RecipesChoice, _ plan: RecipesPlan) throws -> Table {
    try Table(
      columns: ["family", "candidate"] + plan.groups.map(\.label) + ["mean of development"],
      rows: choice.candidates.filter { !$0.change.isEmpty }.map { candidate in
        [candidate.family, candidate.arm.description]
          + plan.groups.map { candidate.change[$0.label].map(ComparisonText.percent) ?? "–" }
          + [candidate.mean.isFinite ? ComparisonText.percent(candidate.mean) : "–"]
      })
  }

  /// The same data trained for fewer and more updates: mean validation error over the tuning seeds.
  static func convergence(_ plan: RecipesPlan, _ store: CellStore) throws -> Table {
    let finished = try plan.convergenceCells.compactMap { try store.finished($0) }
    return try Table(
      columns: ["updates"] + plan.groups.map { "\($0.label), \($0.updates)" },
      rows: plan.convergence.map { factor in
        ["× \(factor)"]
          + plan.groups.map { group in
            let values = finished.filter { RecipesGroup($0.cell) == group.lasting(factor) }.compactMap(
              \.outcome.trained.validation)
            return (try? Summary(values))?.description ?? "–"
          }
      })
  }

  /// One line per cell, for other programs.
  static func cells(_ rows: [RecipesRow]) throws -> Table {
    try Table(
      columns: [
        "dataset", "model", "samples", "updates", "arm", "setting", "seed", "test_error", "validation_error",
        "train_error", "diversity", "affinity", "success_rate", "delta_l2", "training_seconds",
        "generation_seconds", "test_samples_attacked_success_rate", "data_sha256",
      ],
      rows: rows.flatMap { row in
        row.arms.flatMap { arm in
          arm.cells.map { finished -> [String] in
            let outcome = finished.outcome
            func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
            return [
              row.group.dataset, row.group.model, "\(row.group.samples)", "\(row.group.updates)", arm.name,
              arm.arm.description, "\(finished.cell.seed)", text(outcome.trained.test),
              text(outcome.trained.validation),
              text(outcome.trained.train), text(outcome.diversity), text(outcome.affinity),
              text(outcome.examples?.successRate), text(outcome.examples?.trainedL2),
              text(outcome.trainingSeconds),
              text(outcome.attackSeconds), text(outcome.robustness?.attacked), outcome.data,
            ]
          }
        }
      })
  }

  static func adjusted(_ comparison: PairedComparison?) -> String {
    guard let comparison, comparison.difference.values.count > 1 else { return "–" }
    return String(format: "%.3g", comparison.adjustedPValue)
  }
}
