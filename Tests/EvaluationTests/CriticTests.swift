import Evaluation
import Foundation
import MutualInformation
import Testing
import Torch

@Suite struct PerSampleBenchmarkTests {
  func setting(_ dimensions: Int, _ views: Int, steps: [Int] = [0], samples: Int)
    -> PerSampleBenchmark.Setting
  {
    .init(
      cosine: 0.9, dimensions: dimensions, views: views, learningRate: 1e-2, steps: steps, samples: samples)
  }

  @Test(arguments: [1, 3, 8]) func theTruthIsTheClosedFormOfVectorsWithThatCosine(_ dimensions: Int) {
    let x = Tensor([1.0, 0], [1, 2]), y = Tensor([0.9, 0.19.squareRoot()], [1, 2])
    let exact = GaussianInformation(x, dimensions: dimensions).valuesAndGradient(y).values.item
    #expect(abs(setting(dimensions, 10, samples: 1).truth - exact) < 1e-9)
  }

  /// 20 bounds of 5,000 views each: their mean has a standard error of about 0.006 at one coordinate, 0.03 at four.
  @Test(arguments: [(1, 0.03), (4, 0.15)])
  func theBoundWithTheOptimalCriticIsTheClosedForm(_ dimensions: Int, _ tolerance: Double) throws {
    let entry = try PerSampleBenchmark.measure(setting(dimensions, 5_000, samples: 20), seed: 3)
    #expect(abs(entry.optimal.mean - entry.setting.truth) < tolerance, "\(entry.optimal)")
  }

  /// A network that fits its few views reads more on them than on others; readings go on where the last one ended.
  @Test func readingsFollowTheTraining() throws {
    let all = try PerSampleBenchmark.measure(setting(2, 60, steps: [20, 400], samples: 8), seed: 4)
    #expect(all.trained.map(\.steps) == [20, 400])
    #expect(all.trained[1].ownViews.mean > all.trained[0].ownViews.mean)
    #expect(all.trained[1].ownViews.mean > all.trained[1].freshViews.mean)
    let last = try PerSampleBenchmark.measure(setting(2, 60, steps: [400], samples: 8), seed: 4)
    #expect(last.trained[0].ownViews == all.trained[1].ownViews)
  }
}

@Suite struct CriticRankingTests {
  /// Pairs with cosines from 0 to 0.99.
  func pairs(_ count: Int) -> (x: Tensor, y: Tensor) {
    let cosines = (0..<count).map { 0.99 * Double($0) / Double(count) }
    let x = Tensor(cosines.flatMap { _ in [2.0, 0, 0] }, [count, 3]).to(.float32)
    let y = Tensor(cosines.flatMap { [$0, (1 - $0 * $0).squareRoot(), 0] }, [count, 3]).to(.float32)
    return (x, y)
  }

  @Test func theViewsThemselvesKnowTheOrder() throws {
    let (x, y) = pairs(40)
    let views = RandomProjection(count: 96, dimension: 128, sampleSize: 3, seed: 1, device: .cpu)
    let truth = GaussianInformation(x, dimensions: 128).valuesAndGradient(y).values.floats.map(Double.init)
    let values = CriticRanking.plugIn(x, y, views: views)
    let ranking = try CriticRanking(
      name: "plug-in", kinds: (0..<40).map { $0 % 2 == 0 ? "even" : "odd" }, truth: truth,
      readings: [(0, values), (1, values.map { -$0 })])
    let plain = ranking.readings[0].correlations
    #expect(plain.map(\.kind) == [nil, "even", "odd"] && plain.map(\.pairs) == [40, 20, 20])
    #expect(plain.allSatisfy { $0.coefficient > 0.98 && $0.interval.contains($0.coefficient) })
    #expect(zip(plain, ranking.readings[1].correlations).allSatisfy { $0.coefficient == -$1.coefficient })
    // The information itself too: 96 · 128 numbers know the cosine to about 0.01.
    #expect(abs(values[30] / truth[30] - 1) < 0.1, "\(values[30]), \(truth[30])")
  }

  @Test func aCriticReadsAPairTheSameInAnyGroup() throws {
    let (x, y) = pairs(6)
    let views = RandomProjection(count: 12, dimension: 8, sampleSize: 3, seed: 1, device: .cpu)
    func read(_ range: Range<Int>, _ steps: [Int]) throws -> [CriticRanking.Readings] {
      try CriticRanking.read(
        x[range], y[range], firstIndex: range.lowerBound, views: views, configuration: .init(), steps: steps,
        seed: 7)
    }
    let together = try read(0..<6, [5, 30])[1], alone = try read(2..<4, [5, 30])[1]
    for (a, b) in zip(alone.single + alone.mean, together.single[2..<4] + together.mean[2..<4]) {
      #expect(abs(a - b) < 1e-4)
    }
    // Sixteen readings scatter; their mean is not one of them.
    #expect(alone.single != alone.mean)
  }
}
