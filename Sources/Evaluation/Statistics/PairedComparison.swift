/// One arm against another over the same seeds: `treatment[i] − baseline[i]`, its interval and its test.
public struct PairedComparison: Codable, Sendable, Equatable {
  /// The differences of the pairs.
  public let difference: Summary
  /// Mean difference over the baseline's mean: −0.12 is 12 % less. Absent where the baseline's mean is 0.
  public let relativeChange: Double?
  /// BCa interval of the mean difference; absent with a single pair.
  public let interval: ConfidenceInterval?
  /// Whether they may be chance.
  public let test: SignFlipTest
  /// The test's p-value, corrected where several comparisons are shown (``holmAdjusted(_:)``).
  public var adjustedPValue: Double

  /// - Throws: ``StatisticsError`` when the arms differ in length, are empty, or hold a number that is not finite.
  public init(
    treatment: [Double], baseline: [Double], level: Double = 0.95, seed: UInt64
  ) throws(StatisticsError) {
    guard treatment.count == baseline.count else {
      throw .unequalCounts(treatment.count, baseline.count)
    }
    let differences = zip(treatment, baseline).map { $0 - $1 }
    try StatisticsError.requireFinite(differences)
    difference = try Summary(differences)
    let base = Summary.mean(baseline)
    relativeChange = base == 0 ? nil : difference.mean / base
    interval = differences.count > 1 ? try bcaInterval(ofMean: differences, level: level, seed: seed) : nil
    test = try SignFlipTest(differences, seed: seed)
    adjustedPValue = test.pValue
  }

  /// What the test allows to say of the treatment.
  public enum Verdict: String, Codable, Sendable {
    /// It lies below 0.
    case lower
    /// It lies above 0.
    case higher
    /// It holds 0.
    case undecided
  }

  /// Lower or higher than the baseline where the corrected p-value says so, else undecided.
  public func verdict(significance: Double = 0.05) -> Verdict {
    guard adjustedPValue < significance else { return .undecided }
    return difference.mean < 0 ? .lower : .higher
  }
}

extension PairedComparison {
  /// The same comparisons with their p-values corrected as one family, by Holm's method.
  public static func family(_ comparisons: [PairedComparison]) -> [PairedComparison] {
    zip(comparisons, holmAdjusted(comparisons.map(\.test.pValue))).map { comparison, adjusted in
      var corrected = comparison
      corrected.adjustedPValue = adjusted
      return corrected
    }
  }
}
