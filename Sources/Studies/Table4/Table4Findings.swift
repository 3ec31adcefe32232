import Evaluation
import Foundation

/// What the figures say, in sentences that are made from them.
enum Table4Findings {
  /// One paragraph a row.
  static func sentences(_ rows: [Table4Row]) -> [String] { rows.compactMap(sentence) }

  private static func sentence(_ row: Table4Row) -> String? {
    guard let uae = row[.mineUAE], let repeated = row[.repeated],
      let gain = change(row, uae, .original, \.trained.test),
      let control = change(row, repeated, .original, \.trained.test),
      let left = change(row, uae, .repeated, \.trained.test), let figures = uae.figures
    else { return nil }
    let seeds = uae.cells.count
    var text =
      "**\(row.title)** (\(row.trainCount) training samples, \(row.key.epochs) epochs, "
      + "\(seeds) seed\(seeds == 1 ? "" : "s")): retraining on data and MINE-UAEs changes the test error by "
      + "\(ComparisonText.percent(gain.value)) against the original; the same data repeated changes it by "
      + "\(ComparisonText.percent(control.value)). What the UAEs add to repetition is "
      + "\(ComparisonText.percent(left.value))\(verdict(left.comparison)). "
    text += String(
      format: "%.1f %% of the UAEs lie within 0.01·√d of their originals (mean ‖δ‖₂ %.3f). ",
      100 * figures.nearShare,
      figures.l2)
    if let equal = change(row, uae, .original, \.equalSteps.test) {
      text +=
        "At the original's number of optimiser steps the change is \(ComparisonText.percent(equal.value))"
        + "\(verdict(equal.comparison)). "
    }
    let best = row.arms.filter { $0.arm != .original && $0.arm != .repeated }.compactMap { arm in
      change(row, arm, .repeated, \.trained.test).map { (arm.arm.rawValue, $0) }
    }.min { $0.1.value < $1.1.value }
    if let (name, change) = best {
      text +=
        "The lowest error against repetition has \(name): \(ComparisonText.percent(change.value))"
        + "\(verdict(change.comparison))."
    }
    return text
  }

  private static func change(
    _ row: Table4Row, _ arm: Table4Row.Arm, _ baseline: Table4Arm, _ figure: (Table4Cell.Outcome) -> Double
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
