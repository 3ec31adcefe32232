import Evaluation
import Foundation

/// How comparisons and spreads read in a study's tables.
enum ComparisonText {
  static func percent(_ share: Double) -> String { String(format: "%+.1f %%", 100 * share) }

  /// The relative change with its interval, both in percent of the baseline's mean.
  static func change(_ comparison: PairedComparison?) -> String {
    guard let comparison, let change = comparison.relativeChange else { return "–" }
    // The interval of the difference, in the same percent of the baseline's mean.
    guard let interval = comparison.interval, comparison.difference.mean != 0 else { return percent(change) }
    let scale = change / comparison.difference.mean
    return percent(change)
      + String(format: " [%+.1f, %+.1f]", 100 * scale * interval.lower, 100 * scale * interval.upper)
  }

  static func pValue(_ comparison: PairedComparison?) -> String {
    guard let comparison, comparison.difference.values.count > 1 else { return "–" }
    return String(format: "%.3g", comparison.test.pValue)
  }

  static func fixed(_ summary: Summary, _ digits: Int) -> String {
    summary.values.count > 1
      ? String(format: "%.\(digits)f ± %.\(digits)f", summary.mean, summary.standardDeviation)
      : String(format: "%.\(digits)f", summary.mean)
  }
}
