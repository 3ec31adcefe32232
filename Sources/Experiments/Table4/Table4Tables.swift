import Evaluation
import Foundation
import Reports

/// The study's tables, from finished cells alone.
enum Table4Tables {
  typealias Figure = (Experiment.Outcome) -> Double

  /// Test errors with the paired comparisons against the original and against the repeated data.
  static func errors(_ rows: [Table4Row], _ figure: @escaping Figure, published: Bool) throws -> Table {
    var columns = [
      "model", "trained on", "test error", "against original", "p", "against repeated", "p (repeated)",
    ]
    if published { columns += ["paper", "paper against original"] }
    let lines = rows.flatMap { row in
      row.arms.map { arm -> [String] in
        let toOriginal = row.comparison(of: arm, with: Table4Arms.original, figure)
        let toRepeated = row.comparison(of: arm, with: Table4Arms.repeated, figure)
        var cells = [
          row.label, arm.name, arm.summary(figure)?.description ?? "–",
          ComparisonText.change(toOriginal),
          ComparisonText.pValue(toOriginal), ComparisonText.change(toRepeated),
          ComparisonText.pValue(toRepeated),
        ]
        if published {
          let paper = PublishedTable4.figure(
            dataset: row.key.dataset, model: row.key.model, arm: arm.arm.name ?? "")
          let base = PublishedTable4.figure(
            dataset: row.key.dataset, model: row.key.model, arm: Table4Arms.original)
          cells.append(paper.map { String(format: "%.5f", $0.error) } ?? "–")
          if let paper, let base, arm.arm.name != Table4Arms.original {
            cells.append(ComparisonText.percent(paper.error / base.error - 1))
          } else {
            cells.append("–")
          }
        }
        return cells
      }
    }
    return try Table(columns: columns, rows: lines)
  }

  /// What the examples are like: success beside how much it changed.
  static func examples(_ rows: [Table4Row]) throws -> Table {
    let lines = rows.flatMap { row in
      row.arms.filter { $0.figures != nil }.map { arm -> [String] in
        func summary(_ value: @escaping (ExampleFigures) -> Double) -> Summary? {
          arm.summary { $0.examples.map(value) }
        }
        let paper = PublishedTable4.figure(
          dataset: row.key.dataset, model: row.key.model, arm: arm.arm.name ?? "")
        return [
          row.label, arm.name,
          summary { 100 * $0.successRate }.map { ComparisonText.fixed($0, 2) + " %" } ?? "–",
          paper?.successRate.map { String(format: "%.2f %%", 100 * $0) } ?? "–",
          summary(\.l2).map { ComparisonText.fixed($0, 3) } ?? "–",
          summary(\.lInfinity).map { ComparisonText.fixed($0, 3) } ?? "–",
          summary { 100 * $0.nearShare }.map { ComparisonText.fixed($0, 1) + " %" } ?? "–",
          summary(\.information).map { ComparisonText.fixed($0, 2) } ?? "–",
          arm.summary { $0.attackSeconds * 1000 / Double($0.trainCount) }.map { ComparisonText.fixed($0, 2) }
            ?? "–",
        ]
      }
    }
    return try Table(
      columns: [
        "model", "examples", "ASR", "paper's ASR", "‖δ‖₂", "‖δ‖∞", "within 0.01·√d", "exact I (nats)",
        "ms per sample",
      ], rows: lines)
  }

  /// Training errors, after all epochs (the supplement's Section 6.10).
  static func training(_ rows: [Table4Row]) throws -> Table {
    let lines = rows.flatMap { row in
      row.arms.map { arm in
        [
          row.label, arm.name, arm.summary(\.trained.train)?.description ?? "–",
          arm.summary(\.testError)?.description ?? "–",
          arm.summary { 100 * ($0.testError / $0.trained.train - 1) }.map {
            ComparisonText.fixed($0, 1) + " %"
          } ?? "–",
          arm.cells.first.map { "\($0.outcome.updates)" } ?? "–",
        ]
      }
    }
    return try Table(
      columns: ["model", "trained on", "training error", "test error", "test above training", "steps"],
      rows: lines)
  }

  /// One line per cell, for other programs.
  static func cells(_ rows: [Table4Row]) throws -> Table {
    let lines = rows.flatMap { row in
      row.arms.flatMap { arm in
        arm.cells.map { finished -> [String] in
          let outcome = finished.outcome, examples = outcome.examples
          return [
            row.key.dataset, row.key.model, arm.name, arm.arm.description, "\(finished.cell.seed)",
            "\(outcome.trainCount)",
            "\(outcome.testCount)", "\(row.key.epochs)", "\(row.key.batchSize)", "\(outcome.updates)",
            "\(outcome.testError)", "\(outcome.equalUpdatesTestError)", "\(outcome.trained.train)",
            "\(outcome.equalUpdates.train)", examples.map { "\($0.successRate)" } ?? "",
            examples.map { "\($0.l2)" } ?? "", examples.map { "\($0.lInfinity)" } ?? "",
            examples.map { "\($0.nearShare)" } ?? "", examples.map { "\($0.information)" } ?? "",
            examples?.similarity.map { "\($0)" } ?? "", "\(outcome.trainingSeconds)",
            "\(outcome.attackSeconds)",
          ]
        }
      }
    }
    return try Table(
      columns: [
        "dataset", "model", "arm", "setting", "seed", "train_samples", "test_samples", "epochs", "batch_size",
        "steps",
        "test_error", "test_error_equal_steps", "train_error", "train_error_equal_steps", "success_rate",
        "delta_l2",
        "delta_linf", "near_share", "exact_information", "similarity", "training_seconds", "attack_seconds",
      ], rows: lines)
  }
}
