import Foundation

/// The interval of a share by Wilson's score (1927), which holds near 0 and 1 and for few trials, too.
///
/// - Parameters:
///   - count: how many of the trials had the property.
///   - trials: at least 1; for none the interval is [0, 1].
public func wilsonInterval(_ count: Int, of trials: Int, level: Double = 0.95) -> ConfidenceInterval {
  guard trials > 0 else { return ConfidenceInterval(lower: 0, upper: 1, level: level) }
  let n = Double(trials), share = Double(count) / n
  let z = NormalDistribution.quantile(1 - (1 - level) / 2)
  let scale = 1 + z * z / n
  let centre = (share + z * z / (2 * n)) / scale
  let half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
  return ConfidenceInterval(lower: max(0, centre - half), upper: min(1, centre + half), level: level)
}
