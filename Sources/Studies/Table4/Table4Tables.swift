import Evaluation
import Foundation
import Reports

/// The study's tables, from finished cells alone.
enum Table4Tables {
  typealias Figure = (Table4Cell.Outcome) -> Double

  /// Test errors with the paired comparisons against the original and against the repeated data.
  static func errors(_ rows: [Table4Row], _ figure: @escaping Figure, published: Bool) throws -> Table {
    var columns = [
      "model", "trained on", "test error", "against original", "p", "against repeated", "p (repeated)",
    ]
    if published { columns += ["paper", "paper against original"] }
    let lines = rows.flatMap { row in
      row.arms.map { arm -> [String] in
        let toOriginal = row.comparison(of: arm, with: .original, figure)
        let toRepeated = row.comparison(of: arm, with: .repeated, figure)
        var cells = [
          row.key.model, arm.arm.rawValue, arm.summary(figure)?.description ?? "–", change(toOriginal),
          pValue(toOriginal), change(toRepeated), pValue(toRepeated),
        ]
        if published {
          let paper = PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: arm.arm)
          let base = PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: .original)
          cells.append(paper.map { String(format: "%.5f", $0.error) } ?? "–")
          if let paper, let base, arm.arm != .original {
            cells.append(percent(paper.error / base.error - 1))
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
        let paper = PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: arm.arm)
        return [
          row.key.model, arm.arm.rawValue,
          summary { 100 * $0.successRate }.map { fixed($0, 2) + " %" } ?? "–",
          paper?.successRate.map { String(format: "%.2f %%", 100 * $0) } ?? "–",
          summary(\.l2).map { fixed($0, 3) } ?? "–", summary(\.lInfinity).map { fixed($0, 3) } ?? "–",
          summary { 100 * $0.nearShare }.map { fixed($0, 1) + " %" } ?? "–",
          summary(\.information).map { fixed($0, 2) } ?? "–",
          arm.summary { $0.attackSeconds * 1000 / Double($0.trainCount) }.map { fixed($0, 2) } ?? "–",
        ]
      }
    }
    return try Table(
      columns: [
        "model", "examples", "ASR", "paper's ASR", "‖δ‖₂", "‖δ‖∞", "within 0.01·√d", "exact I (nats)",
        "ms a sample",
      ], rows: lines)
  }

  /// Training errors, after all epochs (the supplement's Section 6.10).
  static func training(_ rows: [Table4Row]) throws -> Table {
    let lines = rows.flatMap { row in
      row.arms.map { arm in
        [
          row.key.model, arm.arm.rawValue, arm.summary(\.trained.train)?.description ?? "–",
          arm.summary(\.trained.test)?.description ?? "–",
          arm.summary { 100 * ($0.trained.test / $0.trained.train - 1) }.map { fixed($0, 1) + " %" } ?? "–",
          arm.cells.first.map { "\($0.outcome.steps)" } ?? "–",
        ]
      }
    }
    return try Table(
      columns: ["model", "trained on", "training error", "test error", "test above training", "steps"],
      rows: lines)
  }

  /// One line a cell, for other programs.
  static func cells(_ rows: [Table4Row]) throws -> Table {
    let lines = rows.flatMap { row in
      row.arms.flatMap { arm in
        arm.cells.map { finished -> [String] in
          let outcome = finished.outcome, examples = outcome.examples
          return [
            row.key.dataset, row.key.model, arm.arm.rawValue, "\(finished.cell.seed)",
            "\(outcome.trainCount)",
            "\(outcome.testCount)", "\(row.key.epochs)", "\(row.key.batchSize)", "\(outcome.steps)",
            "\(outcome.trained.test)", "\(outcome.equalSteps.test)", "\(outcome.trained.train)",
            "\(outcome.equalSteps.train)", examples.map { "\($0.successRate)" } ?? "",
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
        "dataset", "model", "arm", "seed", "train_samples", "test_samples", "epochs", "batch_size", "steps",
        "test_error", "test_error_equal_steps", "train_error", "train_error_equal_steps", "success_rate",
        "delta_l2",
        "delta_linf", "near_share", "exact_information", "similarity", "training_seconds", "attack_seconds",
      ], rows: lines)
  }

  static func percent(_ share: Double) -> String { String(format: "%+.1f %%", 100 * share) }

  private static func change(_ comparison: PairedComparison?) -> String {
    guard let comparison, let change = comparison.relativeChange else { return "–" }
    // The interval of the difference, in the same percent of the baseline's mean.
    guard let interval = comparison.interval, comparison.difference.mean != 0 else { return percent(change) }
    let scale = change / comparison.difference.mean
    return percent(change)
      + String(format: " [%+.1f, %+.1f]", 100 * scale * interval.lower, 100 * scale * interval.upper)
  }

  private static func pValue(_ comparison: PairedComparison?) -> String {
    guard let comparison, comparison.difference.values.count > 1 else { return "–" }
    return String(format: "%.3g", comparison.test.pValue)
  }

  private static func fixed(_ summary: Summary, _ digits: Int) -> String {
    summary.values.count > 1
      ? String(format: "%.\(digits)f ± %.\(digits)f", summary.mean, summary.standardDeviation)
      : String(format: "%.\(digits)f", summary.mean)
  }
}
