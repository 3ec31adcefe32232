import Evaluation
import Foundation
import Testing

// Reference values: numpy 2.4.6, scipy 1.17.1 (stats.bootstrap with method="BCa" and 10⁶ resamples,
// stats.permutation_test over all signs, stats.spearmanr), statsmodels 0.15.0 (multipletests).

private let sixDifferences = [-0.0031, -0.0012, 0.0004, -0.0022, -0.0017, -0.0009]
private let skewed = [0.2, 0.5, 0.1, 3.9, 0.7, 1.1, 0.3, 8.2, 0.9, 0.4, 1.6, 0.05]

@Suite struct SummaryTests {
  @Test func agreesWithNumpy() throws {
    let summary = try Summary([1, 2, 4, 8])
    #expect(summary.mean == 3.75)
    #expect(abs(summary.standardDeviation - 3.095695936834452) < 1e-14)
  }

  @Test func encodesUnderTheDocumentedKeys() throws {
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(try Summary([1, 3])))
    let object = try #require(json as? [String: Any])
    #expect(Set(object.keys) == ["mean", "standardDeviation", "values"])
    #expect(object["values"] as? [Double] == [1, 3])
  }

  @Test func showsTheDeviationToTheMeansLastDigit() throws {
    #expect(try Summary([0.008422, 0.008444]).description == "0.008433 ± 0.000016")
    #expect(try Summary([12.5]).description == "12.50")
  }

  @Test func refusesNothing() {
    #expect(throws: StatisticsError.tooFewValues(needed: 1, found: 0)) { try Summary([]) }
  }
}

@Suite struct BootstrapTests {
  @Test(arguments: [
    (sixDifferences, 0.95, -0.0022666666666666664, -0.0005166666666666666),
    (sixDifferences, 0.80, -0.002, -0.0008333333333333335),
    (skewed, 0.95, 0.6374999999999998, 3.7083333333333335),
  ])
  func agreesWithScipy(values: [Double], level: Double, lower: Double, upper: Double) throws {
    let interval = try bcaInterval(ofMean: values, level: level, resamples: 200_000, seed: 1)
    #expect(abs(interval.lower - lower) < 0.015 * (upper - lower))
    #expect(abs(interval.upper - upper) < 0.015 * (upper - lower))
  }

  @Test func followsTheScaleAndTheOffsetOfTheData() throws {
    let plain = try bcaInterval(ofMean: skewed, seed: 3)
    let moved = try bcaInterval(ofMean: skewed.map { 8 * $0 - 64 }, seed: 3)
    #expect(abs(moved.lower - (8 * plain.lower - 64)) < 1e-9)
    #expect(abs(moved.upper - (8 * plain.upper - 64)) < 1e-9)
  }

  @Test func dependsOnItsSeedOnly() throws {
    let first = try bcaInterval(ofMean: skewed, resamples: 2_000, seed: 7)
    #expect(try bcaInterval(ofMean: skewed, resamples: 2_000, seed: 7) == first)
    #expect(try bcaInterval(ofMean: skewed, resamples: 2_000, seed: 8) != first)
  }

  @Test func ofEqualValuesIsThatValue() throws {
    let interval = try bcaInterval(ofMean: [0.5, 0.5, 0.5], seed: 1)
    #expect(interval.lower == 0.5)
    #expect(interval.upper == 0.5)
  }

  /// 95 % intervals over 400 samples of 30 exponential values cover the true mean 92-95 % of the time in theory.
  @Test func coversTheTrueMean() throws {
    var state: UInt64 = 11
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Double(state >> 11) + 0.5) / 9_007_199_254_740_992
    }
    let covered = try (0..<400).count { trial in
      let values = (0..<30).map { _ in -log(uniform()) }
      return try bcaInterval(ofMean: values, resamples: 1_000, seed: UInt64(trial)).contains(1)
    }
    #expect((356...392).contains(covered))
  }

  @Test func refusesWhatHasNoInterval() {
    #expect(throws: StatisticsError.tooFewValues(needed: 2, found: 1)) {
      try bcaInterval(ofMean: [1], seed: 1)
    }
    #expect(throws: StatisticsError.notFinite(index: 1)) { try bcaInterval(ofMean: [1, .nan], seed: 1) }
    #expect(throws: StatisticsError.outOfRange(name: "level", value: 1, allowed: "within (0, 1)")) {
      try bcaInterval(ofMean: [1, 2], level: 1, seed: 1)
    }
  }
}

@Suite struct SignFlipTests {
  @Test(arguments: [
    (sixDifferences, 0.0625),
    ([1, 2, 3, 4, 5, 6], 0.03125),
    ([1, -1, 1, 1, 2, 2, 0.5], 0.09375),
    ([0.3, -0.1, 0.4, 0.25, -0.05, 0.6, 0.2, 0.15, -0.3, 0.5], 0.06640625),
  ])
  func agreesWithScipysPermutationTest(differences: [Double], pValue: Double) throws {
    let test = try SignFlipTest(differences, seed: 1)
    #expect(test.isExact)
    #expect(test.pValue == pValue)
  }

  @Test(arguments: [(3, 0.25), (5, 0.0625), (6, 0.03125)])
  func hasTheFloorOfItsPairs(pairs: Int, floor: Double) throws {
    #expect(try SignFlipTest((1...pairs).map(Double.init), seed: 1).pValue == floor)
  }

  @Test func samplingAgreesWithCounting() throws {
    // 20 pairs are counted, 21 sampled; a pair of difference 0 changes no sum, so both have the same p-value.
    let twenty: [Double] = (0..<20).map { (index: Int) -> Double in
      let size = 1 + 0.1 * Double(index * index % 7)
      return index % 4 == 0 ? -size : size
    }
    let counted = try SignFlipTest(twenty, seed: 1)
    let sampled = try SignFlipTest(twenty + [0], seed: 1)
    #expect(counted.isExact)
    #expect(!sampled.isExact)
    #expect(abs(counted.pValue - sampled.pValue) < 4 * (counted.pValue / 200_000).squareRoot())
  }

  @Test func neitherSignNorOrderMatters() throws {
    let test = try SignFlipTest(skewed, seed: 1)
    #expect(try SignFlipTest(skewed.reversed().map { -$0 }, seed: 2) == test)
  }

  @Test func noDifferenceIsNoEvidence() throws {
    #expect(try SignFlipTest([0, 0, 0, 0, 0, 0], seed: 1).pValue == 1)
  }
}

@Suite struct ComparisonTests {
  @Test func holmAgreesWithStatsmodels() {
    let adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005, 0.5])
    for (value, expected) in zip(adjusted, [0.04, 0.09, 0.09, 0.025, 0.5]) {
      #expect(abs(value - expected) < 1e-15)
    }
    #expect(holmAdjusted([]).isEmpty)
  }

  @Test func sixClearPairsDecideAndFiveCannot() throws {
    let baseline = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0]
    let lower = baseline.enumerated().map { $1 - 0.2 - 0.01 * Double($0) }
    let six = try PairedComparison(treatment: lower, baseline: baseline, seed: 1)
    #expect(six.verdict() == .lower)
    #expect(abs(try #require(six.relativeChange) + 0.225) < 1e-12)
    #expect(try #require(six.interval).upper < 0)
    let five = try PairedComparison(
      treatment: Array(lower.prefix(5)), baseline: Array(baseline.prefix(5)), seed: 1)
    #expect(five.verdict() == .undecided)
  }

  @Test func aFamilyNeedsStrongerEvidence() throws {
    let baseline = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0]
    let comparison = try PairedComparison(treatment: baseline.map { $0 * 0.8 }, baseline: baseline, seed: 1)
    #expect(PairedComparison.family([comparison]).map { $0.verdict() } == [.lower])
    #expect(
      PairedComparison.family([comparison, comparison]).map { $0.verdict() } == [.undecided, .undecided])
  }

  @Test func unequalArmsAreRefused() {
    #expect(throws: StatisticsError.unequalCounts(2, 1)) {
      try PairedComparison(treatment: [1, 2], baseline: [1], seed: 1)
    }
  }
}

@Suite struct RankCorrelationTests {
  @Test func agreesWithScipyOnTies() throws {
    let rho = try spearmanCorrelation(
      [1, 2, 2, 3, 5, 8, 8, 8, 0.5, -1], [2, 1, 4, 3, 3, 9, 7, 9, 9, 0])
    #expect(abs(rho - 0.5625) < 1e-15)
  }

  @Test func isOneForAnyIncreasingMap() throws {
    #expect(abs(try spearmanCorrelation(skewed, skewed.map { exp($0) }) - 1) < 1e-15)
    #expect(abs(try spearmanCorrelation(skewed, skewed.map { -$0 * $0 * $0 }) + 1) < 1e-15)
  }

  @Test func constantsHaveNone() {
    #expect(throws: StatisticsError.constant) { try spearmanCorrelation([1, 2, 3], [4, 4, 4]) }
  }
}
