import Attacks
import Testing
import Torch

/// What searches of several parts keep of one another, and what files make of what they find.
@Suite struct SearchPartsTests {
  /// Gradients that are no numbers end a row's search by gradients, and no other: the search without them still finds what is
  /// there.
  @Test func aGradientThatIsNoNumberDoesNotKeepARowFromOtherSearches() throws {
    let fixture = LinearClassifier(seed: 4)
    // The square root's slope at 0 is infinite, and 0 times that no number.
    let broken = Misclassification(labels: fixture.labels) { [logits = fixture.logits] x in
      try logits(x) + (x * 0.0).sqrt().sum(1).unsqueezed(1)
    }
    func run(_ solver: any Solver) throws -> AttackResult {
      try Attack(criterion: broken, similarity: Distance(), solver: solver, seed: 3)
        .run(fixture.set, range: 0..<fixture.set.shape[0], threads: 2)
    }
    let epsilon = fixture.distances(.linf).sorted()[35] * 1.0001
    let alone = try run(Square(epsilon: epsilon, queries: 300))
    let all = try run(AutoAttack(epsilon: epsilon, iterations: 10, queries: 300))
    #expect(alone.status.count { $0 == .succeeded } > 10)
    #expect(all.status == alone.status)
    #expect(
      try run(APGD(epsilon: epsilon, iterations: 10)).status.allSatisfy {
        $0 == .notFinite || $0 == .succeeded
      })
  }

  /// An example that rounds to its original is none, and does not stand in the way of one that is.
  @Test func whatAFileCannotTellFromTheOriginalIsNoSuccess() throws {
    let grid = IntegerGrid(range: 0...255)
    let fixture = LinearClassifier(seed: 2, classes: 2)
    let set = grid.rounded(fixture.set, fixture.set)
    // Labels that the model does not give: every sample is misclassified as it is.
    let wrong = Misclassification(labels: fixture.labels.map { 1 - $0 }, logits: fixture.logits)
    let attack = Attack(
      criterion: wrong, similarity: Distance(), solver: CarliniWagner(iterations: 20, searches: 2), seed: 1
    ).on(grid)
    let found = try attack.run(set, range: 0..<set.shape[0], threads: 2)
    let moved = (grid.rounded(found.perturbed, set) - set).flattened().abs().max(1).floats
    for row in moved.indices where found.succeeded[row] { #expect(moved[row] > 0.5 / 255) }
  }

  /// In ‖·‖₂ Square finds most of what gradients find; of bumps of one sign it found a quarter.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func squareFindsMostOfABallOfLengths(_ seed: UInt64) throws {
    let count = 40, shape = [count, 1, 12, 12]
    let weight = Tensor(RandomStream(seed: seed, purpose: .initialization).normal(2 * 144), [2, 144])
    let set =
      Tensor(RandomStream(seed: seed, purpose: .augmentation).uniform(count * 144), shape) * 0.3 + 0.35
    let logits: @Sendable (Tensor) throws -> Tensor = { linear($0.flattened() - 0.5, weight) }
    let criterion = Misclassification(logits: logits)
    func found(_ solver: any Solver) throws -> AttackResult {
      try Attack(criterion: criterion, similarity: Distance(), solver: solver, seed: 1)
        .run(set, range: 0..<count, threads: 2)
    }
    let epsilon = 1.0
    let reference = try found(PGD(norm: .l2, epsilon: epsilon, alpha: 0.2, iterations: 30))
    let square = try found(Square(norm: .l2, epsilon: epsilon, queries: 2000))
    let lengths = (square.perturbed - set).sampleNorms().doubles
    #expect(lengths.allSatisfy { $0 <= epsilon * 1.0001 })
    let there = reference.status.count { $0 == .succeeded }, those = square.status.count { $0 == .succeeded }
    #expect(there > 10 && those <= there)
    #expect(Double(those) >= 0.7 * Double(there), "\(those) of \(there)")
  }

  /// The rate is of what was attacked: samples that are of their target's class are none of it.
  @Test func theSuccessRateLeavesOutWhatNeedsNoAttack() throws {
    let fixture = LinearClassifier(seed: 4)
    let targeted = Targeted(.one(fixture.labels[0]), labels: fixture.labels, logits: fixture.logits)
    let found = try Attack(
      criterion: targeted, similarity: Distance(), solver: PGD(epsilon: 0.5, alpha: 0.05, iterations: 40),
      seed: 1
    ).run(fixture.set, range: 0..<fixture.set.shape[0], threads: 2)
    #expect(found.status.contains(.skipped) && found.successRate == 1)
  }
}
