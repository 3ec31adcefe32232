import Evaluation
import Foundation
import Models
import Selection
import Testing
import Torch

@Suite struct MeasureTests {
  private func selection(_ indices: [Int], of total: Int) throws -> FeatureSelection {
    try FeatureSelection(method: "test", indices: indices, total: total)
  }

  /// Values of `stability` by the index's authors (their `getStability`, `confidenceIntervals`), computed apart.
  @Test func stabilityIsThatOfItsAuthors() throws {
    let runs = try [[0, 1, 2], [0, 1, 3], [0, 2, 4], [0, 1, 2]].map { try selection($0, of: 8) }
    let found = try Stability(runs)
    #expect(abs(found.index - Self.reference.index) < 1e-12)
    #expect(abs(found.interval.lower - Self.reference.lower) < 1e-9)
    #expect(abs(found.interval.upper - Self.reference.upper) < 1e-9)
    let same = try Stability([selection([1, 2], of: 6), selection([2, 1], of: 6)])
    #expect(same.index == 1 && same.interval.lower == 1)
    #expect(throws: SelectionError.self) { try Stability([selection([1], of: 6)]) }
    #expect(throws: SelectionError.self) { try Stability([selection([0], of: 1), selection([0], of: 1)]) }
  }

  private static let reference = (
    index: 0.4666666666666667, lower: 0.2053381353946595, upper: 0.7279951979386738
  )

  @Test func aNeighbourSubstitutesAndAStrangerDoesNot() throws {
    let stream = RandomStream(seed: 2, purpose: .start)
    let a = Tensor(stream.normal(400), [400, 1])
    let noise = Tensor(stream.normal(400, position: 1000), [400, 1])
    let other = Tensor(stream.normal(400, position: 2000), [400, 1])
    let moments = FeatureMoments(concatenated([a, -a + noise * 0.1, other], 1), threads: 1)
    let first = try selection([0, 2], of: 3)
    #expect(moments.substitutedShare(first, in: try selection([1], of: 3)) == 0.5)
    #expect(moments.substitutedShare(first, in: first) == 1)
  }

  @Test func theLinearReconstructionIsThatOfLeastSquares() throws {
    let samples = mixedSamples(60, 7, seed: 9)
    let moments = FeatureMoments(samples, threads: 2)
    let error = LinearReconstruction(moments, features: [1, 4, 5]).error(samples)
    let refitted = ColumnSubsetTests.refittedError(samples, [1, 4, 5])
    #expect(abs(error - refitted) < 1e-9 * refitted)
    #expect(abs(moments.linearError([1, 4, 5]) - refitted) < 1e-9 * refitted)
  }

  @Test func theProbeTellsWhatAPlaneTells() throws {
    let stream = RandomStream(seed: 4, purpose: .start)
    let x = Tensor(stream.normal(600), [200, 3])
    let labels = x.floats.indices.filter { $0 % 3 == 0 }.map { x.floats[$0] > 0 ? 1 : 0 }
    let probe = LinearProbe(x, labels: labels, classes: 2)
    #expect(zip(probe.predict(x), labels).count { $0 == $1 } >= 190)
  }

  @Test func treesLearnTheirOwnSamplesByHeartAndIgnoreThreads() throws {
    let x = mixedSamples(300, 6, seed: 3)
    let labels = (0..<300).map { $0 * 7 % 5 }
    let forest = try ExtraTrees(x, labels: labels, classes: 5, seed: 1, threads: 1)
    #expect(forest.predict(x) == labels)
    let other = mixedSamples(100, 6, seed: 4)
    let again = try ExtraTrees(x, labels: labels, classes: 5, seed: 1, threads: 2)
    #expect(again.predict(other, threads: 2) == forest.predict(other))
    #expect(
      try ExtraTrees(x, labels: labels, classes: 5, seed: 2, threads: 2).predict(other)
        != forest.predict(other))
  }

  /// scikit-learn 1.9.1's `ExtraTreesClassifier(50)` on the same parts, mean of 20 forests.
  @Test(arguments: [("digits", 0.9381)]) func treesAreAsGoodAsThoseOfScikitLearn(
    _ name: String, _ reference: Double
  ) throws {
    let data = try PublishedData.load(name)
    var accuracies: [Double] = []
    for seed in 1...20 as ClosedRange<UInt64> {
      let forest = try ExtraTrees(
        data.train, labels: data.labels.train, classes: 10, seed: seed, threads: 2)
      let right = zip(forest.predict(data.test, threads: 2), data.labels.test).count { $0 == $1 }
      accuracies.append(Double(right) / Double(data.labels.test.count))
    }
    #expect(abs(mean(accuracies) - reference) <= 0.003)
  }

  @Test(arguments: 1...5) func theAssignmentIsTheBestOfAll(_ seed: UInt64) throws {
    let draws = RandomStream(seed: seed, purpose: .start).uniform(4 * 6).map(Double.init)
    let costs = (0..<4).map { Array(draws[$0 * 6..<($0 + 1) * 6]) }
    var best = Double.infinity
    func search(_ row: Int, _ used: Set<Int>, _ sum: Double) {
      if row == 4 { best = min(best, sum) }
      guard row < 4 else { return }
      for column in 0..<6 where !used.contains(column) {
        search(row + 1, used.union([column]), sum + costs[row][column])
      }
    }
    search(0, [], 0)
    let found = Assignment.columns(costs)
    #expect(Set(found).count == 4)
    #expect(abs(found.enumerated().reduce(0) { $0 + costs[$1.offset][$1.element] } - best) < 1e-12)
  }
}
