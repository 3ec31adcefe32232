import Attacks
import Evaluation
import Models
import Testing
import Torch

/// f(x′) = w · x′ − b: PGD's answer is known.
private struct LinearCriterion: Criterion {
  let weights: [Float]
  let offset: Double

  func bind(_ tile: Tile) -> any BoundCriterion { Bound(criterion: self) }

  private struct Bound: BoundCriterion {
    let criterion: LinearCriterion
    func values(_ perturbed: Tensor) -> Tensor {
      matmul(perturbed, Tensor(criterion.weights, [criterion.weights.count, 1])).reshaped([-1])
        - criterion.offset
    }
  }
}

@Suite struct PGDTests {
  /// Of a linear f the last iterate is clip(x − min(ε, Nα) · sign w) to [0, 1] once the path is monotone.
  @Test(arguments: [(1, 0.07), (3, 0.02), (40, 0.01), (5, 0.2)])
  func onALinearCriterionItReachesTheCornerOfTheBox(_ iterations: Int, _ alpha: Double) throws {
    let weights: [Float] = [0.5, -2, 0, 1e-3, -1e-4]
    let count = 70
    let x = Tensor(RandomStream(seed: 3, purpose: .augmentation).uniform(count * 5), [count, 5])
    let attack = Attack(
      criterion: LinearCriterion(weights: weights, offset: 1e6), similarity: Distance(),
      solver: PGD(epsilon: 0.1, alpha: alpha, iterations: iterations), seed: 1)
    let found = try attack.run(x, range: 0..<count, threads: 2).perturbed.floats
    let reach = Float(min(0.1, Double(iterations) * alpha))
    for (i, value) in x.floats.enumerated() {
      let weight = weights[i % 5]
      let expected = min(1, max(0, value - reach * (weight > 0 ? 1 : weight < 0 ? -1 : 0)))
      #expect(abs(found[i] - expected) < 1e-5)
    }
  }

  @Test func itRaisesTheReconstructionErrorWithinTheBox() throws {
    let fixture = try Fixture()
    let attack = Attack(
      criterion: BreaksReconstruction(fixture.model), similarity: Distance(),
      solver: PGD(epsilon: 0.05, iterations: 20),
      seed: 1)
    let result = try attack.run(fixture.data, range: 0..<100, threads: 2)
    let before = try reconstructionErrors(fixture.model, fixture.data)
    let after = try reconstructionErrors(fixture.model, result.perturbed)
    #expect(result.successRate == 1)
    #expect(zip(before, after).allSatisfy { $0 < $1 })
    #expect((result.perturbed - fixture.data).abs().flattened().max(1).max(0).item <= 0.05 + 1e-6)
    for (i, f) in result.criterion.enumerated() {
      #expect(abs(Double(f) - ((before[i] * 64).squareRoot() - (after[i] * 64).squareRoot())) < 1e-4)
    }
  }

  @Test func aRadiusOfZeroIsTheIdentity() throws {
    let fixture = try Fixture()
    let attack = Attack(
      criterion: BreaksReconstruction(fixture.model), similarity: Distance(),
      solver: PGD(epsilon: 0, iterations: 3), seed: 1)
    let result = try attack.run(fixture.data, range: 0..<100, threads: 1)
    #expect(result.perturbed.floats == fixture.data.floats)
    #expect(result.successRate == 0)
  }
}
