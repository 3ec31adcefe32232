import Torch

/// Two-sided sign-flip (Fisher randomisation) test that paired differences are symmetric around zero.
///
/// The p-value is the share of the 2ⁿ choices of signs whose sum is at least as far from zero as the observed one.
/// Its floor is 2/2ⁿ: .25 with 3 pairs, .0625 with 5, .031 with 6, so fewer than 6 pairs cannot reach .05.
public struct SignFlipTest: Codable, Sendable, Equatable {
  /// The share of assignments of signs with a mean as far from 0, in 0…1.
  public let pValue: Double
  /// Whether all 2ⁿ signs were counted; else `assignments` random ones, the observed one among them.
  public let isExact: Bool
  /// How many assignments were looked at.
  public let assignments: Int

  static let largestExactCount = 20
  static let sampledAssignments = 200_000

  /// - Throws: ``StatisticsError`` for an empty list or a number that is not finite.
  public init(_ differences: [Double], seed: UInt64) throws(StatisticsError) {
    guard !differences.isEmpty else { throw .tooFewValues(needed: 1, found: 0) }
    try StatisticsError.requireFinite(differences)
    // Sums of the same numbers in another order may differ in the last bits and must still count as equal.
    let slack = 1e-12 * differences.reduce(0) { $0 + abs($1) }
    let threshold = abs(differences.reduce(0, +)) - slack

    isExact = differences.count <= Self.largestExactCount
    if isExact {
      assignments = 1 << differences.count
      // By symmetry the first sign may stay: every count is half of the whole.
      let extreme = Self.countExtreme(differences[1...], sum: differences[0], threshold)
      pValue = Double(2 * extreme) / Double(assignments)
    } else {
      assignments = Self.sampledAssignments
      let extreme = Self.sampleExtreme(differences, threshold, count: assignments - 1, seed: seed)
      pValue = Double(1 + extreme) / Double(assignments)
    }
  }

  private static func countExtreme(_ rest: ArraySlice<Double>, sum: Double, _ threshold: Double) -> Int {
    guard let next = rest.first else { return abs(sum) >= threshold ? 1 : 0 }
    let tail = rest.dropFirst()
    return countExtreme(tail, sum: sum + next, threshold) + countExtreme(tail, sum: sum - next, threshold)
  }

  private static func sampleExtreme(
    _ differences: [Double], _ threshold: Double, count: Int, seed: UInt64
  ) -> Int {
    let stream = RandomStream(seed: seed, purpose: .signFlip)
    let blocks = UInt64((differences.count + 3) / 4)
    return (0..<count).count { assignment in
      let draws = stream.uniform(differences.count, position: UInt64(assignment) * blocks)
      return abs(zip(differences, draws).reduce(0) { $0 + ($1.1 < 0.5 ? $1.0 : -$1.0) }) >= threshold
    }
  }
}
