import Attacks
import MutualInformation
import Testing
import Torch

/// Samples of float64 are attacked in float64, by every solver.
@Suite struct DoublePrecisionTests {
  let fixture = LinearClassifier(seed: 4)

  private func attack(_ solver: any Solver, _ similarity: any Similarity) throws -> AttackResult {
    let weight = fixture.weight.to(.float64), set = fixture.set.to(.float64)
    let criterion = Misclassification(labels: fixture.labels) { linear($0 - 0.5, weight) }
    return try Attack(criterion: criterion, similarity: similarity, solver: solver, seed: 3)
      .run(set, range: 0..<set.shape[0], threads: 2)
  }

  /// Judged by an arg max of our own.
  private func successes(_ found: AttackResult) -> [Bool] {
    zip(linear(found.perturbed - 0.5, fixture.weight.to(.float64)).argmax(1).ints, fixture.labels).map(!=)
  }

  @Test(arguments: Solvers.registry.names)
  func everySolverKeepsTheType(_ name: String) throws {
    var choice = Choice(name)
    let known = try Solvers.registry.named(name).settings.map(\.name)
    for (setting, value) in [
      ("iterations", 20.0), ("searches", 3), ("queries", 200), ("epsilon", 0.3), ("firstConstant", 1),
    ] where known.contains(setting) {
      choice[setting] = .number(value)
    }
    let found = try attack(Solvers.make(choice, start: .noise(sigma: 0.1)), Opposite(Distance()))
    #expect(found.perturbed.dtype == .float64)
    #expect(found.successRate > 0.5)
    let judged = successes(found)
    for (row, status) in found.examples.status.enumerated() where status == .succeeded {
      #expect(judged[row])
    }
  }

  /// The step of FGSM on a linear model is ε times a sign, to the last bits of a double.
  @Test func stepsAreExactInDoublePrecision() throws {
    let found = try attack(PGD(epsilon: 0.1, alpha: 0.1, iterations: 1), Distance())
    let sizes = (found.perturbed - fixture.set.to(.float64)).abs().doubles
    let moved = zip(sizes, found.perturbed.doubles).filter { $0.0 > 0 && $0.1 < 1 && $0.1 > 0 }.map(\.0)
    #expect(!moved.isEmpty && moved.allSatisfy { abs($0 - 0.1) < 1e-15 })
  }

  @Test func learnedInformationGoesWithIt() throws {
    let views = RandomProjection(count: 6, dimension: 10, sampleSize: 12, seed: 2, device: .cpu)
    let found = try attack(
      MinMax(start: .noise(sigma: 0.1), iterations: 20), Opposite(LearnedInformation(views: views)))
    #expect(found.perturbed.dtype == .float64)
    #expect(found.successRate > 0)
  }
}
