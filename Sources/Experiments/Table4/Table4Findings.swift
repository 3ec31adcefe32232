import Evaluation
import Foundation

/// What the figures say, in sentences that are made from them.
enum Table4Findings {
  /// One paragraph a row, then what explains the differences from the paper.
  static func sentences(_ rows: [Table4Row]) -> [String] {
    rows.compactMap(sentence)
      + [steps(rows), lengths(rows), start(rows), objective(rows), spread(rows), distance(rows)].compactMap(
        \.self)
  }

  private static func sentence(_ row: Table4Row) -> String? {
    guard let uae = row[Table4Arms.mineUAE], let repeated = row[Table4Arms.repeated],
      let gain = change(row, uae, Table4Arms.original, \.testError),
      let control = change(row, repeated, Table4Arms.original, \.testError),
      let left = change(row, uae, Table4Arms.repeated, \.testError), let figures = uae.figures
    else { return nil }
    let seeds = uae.cells.count
    var text =
      "**\(row.title)** (\(row.trainCount) training samples, \(row.key.epochs) epochs, "
      + "\(seeds) seed\(seeds == 1 ? "" : "s")): retraining on data and MINE-UAEs changes the test error by "
      + "\(ComparisonText.percent(gain.value)) against the original\(published(row)); the same data repeated changes it by "
      + "\(ComparisonText.percent(control.value)). What the UAEs add to repetition is "
      + "\(ComparisonText.percent(left.value))\(verdict(left.comparison)). "
    text += String(
      format: "%.1f %% of the UAEs lie within 0.01·√d of their originals (mean ‖δ‖₂ %.3f). ",
      100 * figures.nearShare,
      figures.l2)
    if let equal = change(row, uae, Table4Arms.original, \.equalUpdatesTestError) {
      text +=
        "At the original's number of optimiser steps the change is \(ComparisonText.percent(equal.value))"
        + "\(verdict(equal.comparison)). "
    }
    let best = row.arms.filter { ![Table4Arms.original, Table4Arms.repeated].contains($0.arm.name) }
      .compactMap { arm in
        change(row, arm, Table4Arms.repeated, \.testError).map { (arm.name, $0) }
      }.min { $0.1.value < $1.1.value }
    if let (name, change) = best, change.value < 0 {
      text +=
        "The lowest error against repetition has \(name): \(ComparisonText.percent(change.value))"
        + "\(verdict(change.comparison))."
    } else if best != nil {
      text += "No arm has a lower error than repetition."
    }
    return text
  }

  /// The paper's own change, in brackets.
  private static func published(_ row: Table4Row) -> String {
    func error(_ arm: String) -> Double? {
      PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: arm)?.error
    }
    guard let uae = error(Table4Arms.mineUAE), let original = error(Table4Arms.original) else { return "" }
    return " (paper: \(ComparisonText.percent(uae / original - 1)))"
  }

  /// How much of the gain the doubled number of steps explains.
  private static func steps(_ rows: [Table4Row]) -> String? {
    let shares = rows.compactMap { row -> (name: String, share: Double)? in
      guard let uae = row[Table4Arms.mineUAE], let repeated = row[Table4Arms.repeated],
        let gain = change(row, uae, Table4Arms.original, \.testError)?.value,
        let control = change(row, repeated, Table4Arms.original, \.testError)?.value, gain < 0
      else { return nil }
      return (row.fullTitle, control / gain)
    }
    guard !shares.isEmpty else { return nil }
    return
      "**Where the gain comes from.** Examples double the number of optimiser steps, and *repeated* has the "
      + "doubling alone. Its share of MINE-UAE's gain: "
      + shares.map { "\($0.name) \(String(format: "%.0f %%", 100 * $0.share))" }.joined(separator: "; ") + "."
  }

  /// What longer training leaves, where a model was trained for more than one number of epochs on the same samples.
  private static func lengths(_ rows: [Table4Row]) -> String? {
    struct Same: Hashable {
      var title: String
      var trainCount: Int
    }
    let groups = Dictionary(grouping: rows) { Same(title: $0.title, trainCount: $0.trainCount) }
    let sentences = groups.values.filter { $0.count > 1 }.map { rows in
      rows.sorted { $0.key.epochs < $1.key.epochs }.compactMap { row -> String? in
        guard let error = row[Table4Arms.original]?.summary(\.testError)?.mean else { return nil }
        let changes = [Table4Arms.repeated, Table4Arms.mineUAE, "far-noise"].compactMap { arm in
          row[arm].flatMap { change(row, $0, Table4Arms.original, \.testError) }.map {
            "\(arm) \(ComparisonText.percent($0.value))"
          }
        }
        return String(format: "after %d epochs the original has %.5f (", row.key.epochs, error)
          + changes.joined(separator: ", ") + ")"
      }.joined(separator: "; ")
    }
    guard !sentences.isEmpty else { return nil }
    return "**Convergence.** On the same samples, "
      + sentences.sorted().joined(separator: ". ") + ". Changes are against the original of that length."
  }

  /// What the published code's start and norms change.
  private static func start(_ rows: [Table4Row]) -> String? {
    let parts = rows.compactMap { row -> String? in
      guard let paper = row[Table4Arms.mineUAE], let code = row[Table4Arms.mineUAECode],
        let a = paper.figures,
        let b = code.figures,
        let left = change(row, code, Table4Arms.repeated, \.testError)
      else { return nil }
      return "\(row.fullTitle): "
        + String(
          format: "success %.0f → %.0f %%, mean ‖δ‖₂ %.3f → %.3f, ", 100 * a.successRate, 100 * b.successRate,
          a.l2,
          b.l2)
        + "test error against repetition \(ComparisonText.percent(left.value))"
    }
    guard !parts.isEmpty else { return nil }
    return
      "**Success and size.** From the paper's δ₀ = 0 (*mine-uae*) to the published code's random start and squared "
      + "norms (*mine-uae-code*), first seed: " + parts.joined(separator: "; ") + "."
  }

  /// Why L2-UAE finds next to nothing.
  private static func objective(_ rows: [Table4Row]) -> String? {
    let parts = rows.compactMap { row -> String? in
      guard let arm = row[Table4Arms.l2UAE], let rate = arm.summary({ $0.examples.map(\.successRate) }) else {
        return nil
      }
      let size = arm.figures.flatMap { $0.successRate > 0 ? String(format: ", ‖δ‖₂ %.3f", $0.l2) : nil } ?? ""
      return "\(row.fullTitle) \(String(format: "%.1f %%", 100 * rate.mean))\(size)"
    }
    guard !parts.isEmpty else { return nil }
    return
      "**L2-UAE.** Its objective is to raise ‖x − Φ(x′)‖₂, the very quantity that its criterion forbids to rise: "
      + "a step away from x breaks f ≤ 0 unless it is too small to count. Success: "
      + parts.joined(separator: "; ") + "."
  }

  /// How much a change of nothing changes.
  private static func spread(_ rows: [Table4Row]) -> String? {
    let parts = rows.compactMap { row -> String? in
      guard let arm = row["ga-0.001"], let left = change(row, arm, Table4Arms.repeated, \.testError)
      else { return nil }
      return "\(row.fullTitle) \(ComparisonText.percent(left.value))"
    }
    guard !parts.isEmpty else { return nil }
    return
      "**The spread of training.** Gaussian noise of σ = 0.001 leaves the data as they are for any practical purpose; "
      + "against repetition it changes the test error by: " + parts.joined(separator: "; ")
      + ". A difference of that size on that row says nothing about examples."
  }

  /// How far the arms' examples are from their originals, beside what they do for the test error.
  private static func distance(_ rows: [Table4Row]) -> String? {
    let parts = rows.compactMap { row -> String? in
      let arms = row.arms.filter { $0.figures != nil }.compactMap { arm -> String? in
        guard let figures = arm.figures, figures.successRate > 0,
          let left = change(row, arm, Table4Arms.repeated, \.testError)
        else { return nil }
        return
          "\(arm.name) \(String(format: "%.2f", figures.l2)) (\(ComparisonText.percent(left.value)))"
      }
      return arms.isEmpty ? nil : "\(row.fullTitle): " + arms.joined(separator: ", ")
    }
    guard !parts.isEmpty else { return nil }
    return
      "**Distance and use.** Mean ‖δ‖₂ of the examples, first seed (change of the test error against repetition): "
      + parts.joined(separator: "; ") + "."
  }

  private static func change(
    _ row: Table4Row, _ arm: Table4Row.Line, _ baseline: String, _ figure: (Experiment.Outcome) -> Double
  ) -> (value: Double, comparison: PairedComparison)? {
    guard let comparison = row.comparison(of: arm, with: baseline, figure),
      let value = comparison.relativeChange
    else { return nil }
    return (value, comparison)
  }

  /// Says whether the difference is more than chance; the sign-flip test cannot say so with fewer than six seeds.
  private static func verdict(_ comparison: PairedComparison) -> String {
    let pairs = comparison.difference.values.count
    if pairs < 2 { return " (one seed: no test)" }
    let p = String(format: "p = %.3g", comparison.test.pValue)
    if pairs < 6 {
      return
        " (\(p); with \(pairs) seeds it cannot be below \(String(format: "%.3g", 2 / pow(2, Double(pairs)))))"
    }
    return comparison.test.pValue < 0.05 ? " (\(p))" : " (\(p): undecided)"
  }
}
