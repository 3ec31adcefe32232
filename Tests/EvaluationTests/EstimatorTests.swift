import Evaluation
import Foundation
import Testing
import Torch

@Suite struct EstimatorTests {
  /// 20 dimensions, batch 64, optimal critic; means over 5,000 batches of an implementation in NumPy 2.4.6.
  private static let expected: [Double: [InformationEstimator: Double]] = [
    2: [.mine: 2.007, .nwj: 2.002, .infoNCE: 1.815, .smile: 2.031],
    4: [.mine: 4.064, .nwj: 4.015, .infoNCE: 3.070, .smile: 4.269],
    6: [.mine: 6.237, .nwj: 6.028, .infoNCE: 3.739, .smile: 6.712],
    8: [.mine: 8.639, .nwj: 8.142, .infoNCE: 4.023, .smile: 9.336],
    10: [.mine: 11.296, .nwj: 10.115, .infoNCE: 4.122, .smile: 12.061],
  ]

  /// Means of 400 batches lie within a quarter of the spread between batches (5 standard errors).
  @Test(arguments: expected.keys.sorted())
  func theOptimalCriticGivesTheKnownTable(information: Double) throws {
    let entries = try GaussianBenchmark.optimal(
      CorrelatedGaussians(information: information), batches: 400, seed: 2)
    #expect(entries.count == 4)
    for entry in entries {
      let value = try #require(Self.expected[information]?[entry.estimator])
      #expect(
        abs(entry.estimate.mean - value) < 0.25 * entry.estimate.standardDeviation + 0.01,
        "\(entry.estimator.rawValue): \(entry.estimate), expected \(value)")
    }
  }

  @Test func nwjWithTheOptimalCriticHasNoBias() throws {
    let entries = try GaussianBenchmark.optimal(CorrelatedGaussians(information: 2), batches: 2_000, seed: 3)
    let nwj = try #require(entries.first { $0.estimator == .nwj })
    #expect(abs(nwj.estimate.mean - 2) < 4 * nwj.estimate.standardDeviation / 2_000.0.squareRoot())
  }

  @Test func estimatesAreWhatTheirFormulasSay() {
    let scores = [2.0, -1, 0.5, 0, 3, -9, 1, 8, 1.5]
    let t = Tensor(scores.map(Float.init), [3, 3])
    let joint = [2.0, 3, 1.5], marginal = [-1, 0.5, 0, -9, 1, 8.0]
    let mean = joint.reduce(0, +) / 3
    let partition = marginal.map { exp($0) }.reduce(0, +) / 6
    let clipped = marginal.map { exp(min(5, max(-5, $0))) }.reduce(0, +) / 6
    let rows = (0..<3).map { row in
      scores[row * 4] - log((0..<3).map { exp(scores[row * 3 + $0]) }.reduce(0, +) / 3)
    }
    func check(_ estimator: InformationEstimator, _ value: Double) {
      #expect(abs(estimator.estimate(t).item - value) < 1e-3, "\(estimator.rawValue)")
    }
    check(.mine, mean - log(partition))
    check(.mineCorrected, mean - log(partition))
    check(.nwj, mean - partition / M_E)
    check(.smile, mean - log(clipped))
    check(.infoNCE, rows.reduce(0, +) / 3)
  }

  @Test func infoNCENeverPassesTheLogarithmOfTheBatch() {
    for scale in [1.0, 10, 1_000] {
      let stream = RandomStream(seed: 5, purpose: .training)
      let scores = Tensor(stream.normal(64 * 64), [64, 64]) * scale
      let perfect = scores + Tensor((0..<64 * 64).map { $0 % 65 == 0 ? 1e6 : 0 }, [64, 64])
      #expect(InformationEstimator.infoNCE.estimate(scores).item <= log(64) + 1e-4)
      #expect(abs(InformationEstimator.infoNCE.estimate(perfect).item - log(64)) < 1e-4)
    }
  }

  @Test func pairsHaveTheStatedCorrelationAndTheRatioItsMean() {
    let gaussians = CorrelatedGaussians(dimension: 4, information: 3)
    let (x, y) = gaussians.batch(20_000, seed: 1, number: 0)
    #expect(abs((x * y).mean().item - gaussians.correlation) < 0.01)
    #expect(abs(y.square().mean().item - 1) < 0.02)
    // Diagonal entries average to the information; 200 at a time keeps the matrix small.
    let ratios = (0..<100).map { block -> Double in
      let rows = block * 200..<(block + 1) * 200
      let matrix = gaussians.logDensityRatios(x[rows], y[rows])
      return diagonalMean(matrix)
    }
    #expect(abs(ratios.reduce(0, +) / 100 - 3) < 0.05)
  }

  @Test(.tags(.slow), arguments: InformationEstimator.allCases)
  func trainedCriticsLearnSomethingAndDoNotInventMuch(estimator: InformationEstimator) throws {
    let entry = try GaussianBenchmark.trained(
      CorrelatedGaussians(dimension: 4, information: 2), estimator, steps: 600, seed: 1)
    #expect((0.8...2.4).contains(entry.estimate.mean), "\(entry.estimate.mean)")
  }
}

extension Tag {
  @Tag static var slow: Self
}

private func diagonalMean(_ matrix: Tensor) -> Double {
  let (size, values) = (matrix.shape[0], matrix.doubles)
  return (0..<size).reduce(0) { $0 + values[$1 * (size + 1)] } / Double(size)
}
