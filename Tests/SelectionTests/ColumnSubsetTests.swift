import Foundation
import Selection
import Testing
import Torch

/// Samples whose features depend on each other, drawn from a seed.
func mixedSamples(_ n: Int, _ d: Int, seed: UInt64) -> Tensor {
  let stream = RandomStream(seed: seed, purpose: .start)
  let sources = Tensor(stream.normal(n * d), [n, d])
  let mixing = Tensor(stream.normal(d * d, position: 1 << 20), [d, d])
  return matmul(sources, mixing)
}

@Suite struct ColumnSubsetTests {
  /// The mean squared error per value of the best affine reconstruction from some features, by the normal equations and
  /// Gaussian elimination in plain loops.
  static func refittedError(_ samples: Tensor, _ features: [Int]) -> Double {
    let (n, d) = (samples.shape[0], samples.shape[1])
    let values = samples.doubles
    let means = (0..<d).map { j in (0..<n).reduce(0) { $0 + values[$1 * d + j] } / Double(n) }
    func product(_ a: Int, _ b: Int) -> Double {
      (0..<n).reduce(0) { $0 + (values[$1 * d + a] - means[a]) * (values[$1 * d + b] - means[b]) }
    }
    let k = features.count
    var system = features.map { a in features.map { product(a, $0) } + (0..<d).map { product(a, $0) } }
    for pivot in 0..<k {
      let best = (pivot..<k).max { abs(system[$0][pivot]) < abs(system[$1][pivot]) } ?? pivot
      system.swapAt(pivot, best)
      for row in 0..<k where row != pivot {
        let factor = system[row][pivot] / system[pivot][pivot]
        for column in pivot..<k + d { system[row][column] -= factor * system[pivot][column] }
      }
    }
    var left = 0.0
    for j in 0..<d {
      left += product(j, j)
      for row in 0..<k { left -= system[row][k + j] / system[row][row] * product(features[row], j) }
    }
    return left / Double(n * d)
  }

  @Test(arguments: [(30, 6, 1), (40, 8, 2), (25, 10, 3), (60, 7, 4)])
  func greedyEqualsRefittingEveryCandidate(_ n: Int, _ d: Int, _ seed: UInt64) throws {
    let samples = mixedSamples(n, d, seed: seed)
    let problem = try SelectionProblem(samples, count: 4)
    let found = try FeatureSelector.columnSubset.select(problem).selection
    var chosen: [Int] = []
    while chosen.count < 4 {
      let rest = (0..<d).filter { !chosen.contains($0) }
      let best = try #require(
        rest.min { Self.refittedError(samples, chosen + [$0]) < Self.refittedError(samples, chosen + [$1]) })
      chosen.append(best)
    }
    #expect(found.indices == chosen)
    let error = Self.refittedError(samples, chosen)
    #expect(abs(problem.moments.linearError(chosen) - error) < 1e-10 * max(1, error))
    // Gains are what the error falls by, as a share of the variance.
    let whole = (0..<d).reduce(0) { $0 + problem.moments.covariance.doubles[$1 * d + $1] }
    let explained = found.features.reduce(0) { $0 + ($1.gain ?? 0) }
    #expect(abs((1 - explained) * whole / Double(d) - error) < 1e-10 * max(1, error))
  }

  @Test(arguments: 1...6) func exchangesEndWhereNoExchangeHelps(_ seed: UInt64) throws {
    let samples = mixedSamples(50, 9, seed: seed)
    let problem = try SelectionProblem(samples, count: 3)
    let greedy = try FeatureSelector.columnSubset.select(problem).selection
    let better = try FeatureSelector.exchange.select(problem).selection
    let error = Self.refittedError(samples, better.indices)
    #expect(error <= Self.refittedError(samples, greedy.indices) + 1e-12)
    for place in 0..<3 {
      for other in 0..<9 where !better.indices.contains(other) {
        var changed = better.indices
        changed[place] = other
        #expect(Self.refittedError(samples, changed) > error - 1e-9)
      }
    }
  }

  @Test(arguments: FeatureSelectors.all) func featuresAreDistinctAndVaryAlsoWithDuplicatesAndConstants(
    _ selector: FeatureSelector
  ) throws {
    let base = mixedSamples(40, 4, seed: 5)
    let constant = Tensor.full([40, 1], 0.3, device: .cpu)
    // Twice every column, and two constant ones: 8 of 10 vary.
    let samples = concatenated([base, constant, base, constant], 1)
    var training = ConcreteTraining()
    training.steps = 60
    training.batchSize = 16
    for seed in 1...3 {
      let problem = try SelectionProblem(samples, count: 8, seed: UInt64(seed), training: training)
      let found = try selector.select(problem).selection
      #expect(Set(found.indices) == [0, 1, 2, 3, 5, 6, 7, 8], "\(selector.name)")
      #expect(found.features.map(\.rank) == Array(1...8))
    }
    #expect(
      throws: SelectionError("cannot choose 9 of 10 features: only 8 vary, and constant ones tell nothing")
    ) {
      try SelectionProblem(samples, count: 9)
    }
  }

  @Test(arguments: FeatureSelectors.all) func theSameSeedGivesTheSameChoice(_ selector: FeatureSelector)
    throws
  {
    let samples = mixedSamples(3000, 20, seed: 6)
    var training = ConcreteTraining()
    training.steps = 100
    func chosen(_ threads: Int) throws -> FeatureSelection {
      try selector.select(
        SelectionProblem(samples, count: 5, seed: 3, threads: threads, training: training)
      ).selection
    }
    let first = try chosen(1)
    #expect(try chosen(1) == first)
    // What is computed in closed form does not even depend on threads.
    if first.method.hasPrefix("css") || first.method == "variance" { #expect(try chosen(2) == first) }
  }
}
