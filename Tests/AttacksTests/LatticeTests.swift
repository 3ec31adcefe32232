import Attacks
import Testing
import Torch

private func samples(_ shape: [Int], seed: UInt64) -> Tensor {
  Tensor(RandomStream(seed: seed, purpose: .start).uniform(shape.reduce(1, *)), shape)
}

/// ‖x′ − c‖₂ against ‖x − c‖₂: the feasible set is a ball.
private let criterion = KeepsLoss { perturbed, _ in (perturbed - 0.5).flattened().square().sum(1) }

@Suite struct LatticeTests {
  @Test func roundingIsToTheNearestAndHalvesGoAwayFromZero() {
    let values = Tensor([Float(0), 0.1, 0.5, 0.9, 1], [5])
    let bytes = IntegerGrid(range: 0...255).rounded(values, values) * 255
    #expect((bytes - Tensor([Float(0), 26, 128, 230, 255], [5])).abs().max(0).item < 1e-4)
    let others = Tensor([Float(0), 0.124, 0.126, 0.375, 0.625, 1], [6])
    let signed = IntegerGrid(range: -2...2).rounded(others, others) * 4 - 2
    #expect(signed.floats == [-2, -2, -1, -1, 1, 2])
  }

  /// Of a change by 25.5 steps 25 are left, of one by 25 all.
  @Test func inwardsNoValueLeavesItsBall() {
    let grid = IntegerGrid(range: 0...255, isInward: true)
    let x = Tensor((0..<256).map { Float($0) / 255 }, [256])
    for steps in [0.4, 1, 25, 25.5, 76] as [Float] {
      for sign in [-1, 1] as [Float] {
        let moved = (grid.rounded(x + Double(sign * steps / 255), x) - x) * 255
        let expected = Double(sign * steps.rounded(.down))
        #expect((moved - expected).abs().max(0).item < 1e-3)
      }
    }
  }

  @Test func whatSucceedsOnTheLatticeSucceedsAfterRounding() throws {
    // Coarse, so that rounding would break many results found without it.
    let lattice = IntegerGrid(range: 0...7)
    let set = lattice.rounded(samples([70, 1, 4, 4], seed: 3), samples([70, 1, 4, 4], seed: 3))
    let solver = Switching(start: .noise(sigma: 0.5), alpha: 1, iterations: 30)
    let plain = Attack(criterion: criterion, similarity: Distance(), solver: solver, seed: 1)
    let aware = Attack(
      criterion: lattice.criterion(criterion), similarity: lattice.similarity(Distance()), solver: solver,
      seed: 1)
    func broken(_ attack: Attack) throws -> (succeeded: Int, broken: Int) {
      let result = try attack.run(set, range: 0..<70, threads: 2)
      let f = try plain.criterionValues(set, lattice.rounded(result.perturbed, set), range: 0..<70)
      let won = result.status.indices.filter { result.status[$0] == .succeeded }
      return (won.count, won.count { f[$0] > 0 })
    }
    let unaware = try broken(plain), sound = try broken(aware)
    #expect(unaware.broken > 5)
    #expect(sound.broken == 0)
    #expect(sound.succeeded > 60)
  }
}

@Suite struct RescoringTests {
  @Test(arguments: [0..<150, 60..<130, 64..<128, 70..<71])
  func scoredAgainResultsHaveTheSameCriterion(_ range: Range<Int>) throws {
    let set = samples([150, 1, 4, 4], seed: 5)
    let attack = Attack(
      criterion: criterion, similarity: Distance(),
      solver: Switching(start: .noise(sigma: 0.3), iterations: 10), seed: 2)
    let result = try attack.run(set, range: range, threads: 2)
    let again = try attack.criterionValues(set, result.perturbed, range: range)
    for row in result.status.indices where result.status[row] == .succeeded {
      #expect(again[row] == result.criterion[row])
    }
    #expect(result.successRate > 0.5)
  }
}
