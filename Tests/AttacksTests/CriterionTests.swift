import Attacks
import Testing
import Torch

private func samples(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  Tensor(RandomStream(seed: seed, purpose: .start).uniform(shape.reduce(1, *)), shape)
}

private func tensors(_ a: Tensor, near b: Tensor, _ tolerance: Double = 1e-5) -> Bool {
  a.shape == b.shape && (a - b).reshaped([1, -1]).abs().max(1).item < tolerance
}

/// A linear map from 6 values to 3.
private let weight = Tensor(RandomStream(seed: 9, purpose: .initialization).normal(18), [3, 6])

@Suite struct CriterionTests {
  @Test func classMarginsAreThoseOfTheLogits() throws {
    let x = samples([5, 6])
    let y = samples([5, 6], seed: 2)
    let clean = matmul(x, weight.transposed()).floats
    let logits = matmul(y, weight.transposed()).floats
    let margins = (0..<5).map { row -> Float in
      let own = (0..<3).max { clean[row * 3 + $0] < clean[row * 3 + $1] } ?? 0
      let other = (0..<3).filter { $0 != own }.map { logits[row * 3 + $0] }.max() ?? 0
      return logits[row * 3 + own] - other
    }
    let model: @Sendable (Tensor) throws -> Tensor = { linear($0, weight) }
    let away = try Misclassification(kappa: 0.25, logits: model).bind(x).values(y)
    let same = try SameClass(kappa: 0.25, logits: model).bind(x).values(y)
    #expect(tensors(away, near: Tensor(margins, [5]) + 0.25))
    #expect(tensors(same, near: 0.25 - Tensor(margins, [5])))
    let second = try Targeted(.one(1), logits: model).bind(x).values(y).floats
    for row in 0..<5 {
      let expected = max(logits[row * 3], logits[row * 3 + 2]) - logits[row * 3 + 1]
      #expect(abs(second[row] - expected) < 1e-5)
    }
  }

  @Test func theMarginOfALinearClassifierHasTheDifferenceOfItsRowsAsGradient() throws {
    let x = samples([1, 6])
    let logits = matmul(x, weight.transposed()).floats
    let order = (0..<3).sorted { logits[$0] > logits[$1] }
    let leaf = x.requiringGrad()
    let f = try Misclassification { linear($0, weight) }.bind(x).values(leaf)
    let gradient = try #require(try grad(f.sum(), [leaf])[0])
    #expect(tensors(gradient, near: (weight[order[0]] - weight[order[1]]).reshaped([1, 6])))
  }

  @Test func aClassThatTheModelDoesNotKnowIsRefused() {
    #expect(throws: CriterionError.noSuchClass(3, count: 3)) {
      try Targeted(.one(3)) { linear($0, weight) }.bind(samples([2, 6]))
    }
  }

  @Test func bothNormsOfAReconstructionHaveTheSameSuccesses() throws {
    let square = Tensor(RandomStream(seed: 4, purpose: .initialization).normal(36), [6, 6]) * 0.3
    let x = samples([50, 6]), y = samples([50, 6], seed: 2)
    let model: @Sendable (Tensor) throws -> Tensor = { linear($0, square) }
    let plain = try KeepsReconstruction(model: model).bind(x).values(y).floats
    let squared = try KeepsReconstruction(norm: .squaredL2, model: model).bind(x).values(y).floats
    #expect(zip(plain, squared).allSatisfy { ($0 <= 0) == ($1 <= 0) })
    // a² − b² = (a − b)(a + b), b the error at x itself.
    let clean = (x - linear(x, square)).sampleNorms().floats
    for i in 0..<50 { #expect(abs(squared[i] - plain[i] * (plain[i] + 2 * clean[i])) < 1e-4) }
  }

  @Test func anEmbeddingMayMoveByTheShareOfItsLength() throws {
    let x = samples([4, 6])
    let criterion = KeepsEmbedding(tolerance: 0.2) { $0 * 3 }
    let bound = try criterion.bind(x)
    // e(x′) = 3x′: scaling x by 1 ± s moves the embedding by the share s of its length.
    #expect(try bound.values(x * 1.1).floats.allSatisfy { $0 < 0 })
    #expect(try bound.values(x * 1.3).floats.allSatisfy { $0 > 0 })
    #expect(tensors(try bound.values(x * 1.2), near: Tensor.zeros([4], device: .cpu)))
  }

  @Test func anKeepsLossIsComparedWithThatOfTheOriginal() throws {
    let x = samples([4, 6])
    let y = samples([4, 6], seed: 2)
    let bound = try KeepsLoss(kappa: 0.5) { perturbed, original in
      (perturbed - original * 0.5).square().sum(1)
    }.bind(x)
    #expect(tensors(try bound.values(x), near: Tensor.full([4], 0.5, device: .cpu)))
    #expect(
      tensors(try bound.values(y), near: (y - x * 0.5).square().sum(1) - (x * 0.5).square().sum(1) + 0.5))
  }

  @Test func supervisedDirectionOnALinearClassifierFindsTheNearestOtherSide() throws {
    // On two logits ±w·x + b the nearest point of the other class lies (w·x + b)/‖w‖ away along w.
    let w = Tensor([Float(0.6), -0.8, 0, 0], [1, 4])
    let model: @Sendable (Tensor) throws -> Tensor = { x in
      let score = linear(x, w) - 0.02
      return concatenated([score, -score], 1)
    }
    let set = Tensor([Float(0.8), 0.5, 0.5, 0.5, 0.4, 0.5, 0.5, 0.5], [2, 4])
    let attack = Attack(
      criterion: Misclassification(logits: model), similarity: Opposite(Distance()),
      solver: Switching(start: .noise(sigma: 0.1), alpha: 0.3, iterations: 400, patience: 400), seed: 4)
    let result = try attack.run(set, range: 0..<2, threads: 1)
    #expect(result.status == [.succeeded, .succeeded])
    // Scores: 0.48 − 0.40 − 0.02 = 0.06 and 0.24 − 0.40 − 0.02 = −0.18.
    let distances = (result.perturbed - set).sampleNorms().floats
    #expect(abs(distances[0] - 0.06) < 0.02 && abs(distances[1] - 0.18) < 0.02, "\(distances)")
    #expect(tensors(Tensor(result.similarity, [2]), near: Tensor(distances, [2])))
  }

  @Test func inspectionCountsWhatAnAttackCannotUse() throws {
    let x = samples([10, 6])
    let sound = try CriterionInspection(KeepsLoss { y, _ in y.square().sum(1) }, x)
    #expect(
      sound.isDifferentiable && sound.zeroGradients == 0 && sound.notFinite == 0 && sound.secondsPerSample > 0
    )
    let flat = try CriterionInspection(KeepsLoss { y, _ in (y * 0).sum(1) }, x)
    #expect(flat.isDifferentiable && flat.zeroGradients == 10)
    let broken = try CriterionInspection(KeepsLoss { y, _ in y.detached().sum(1) }, x)
    #expect(!broken.isDifferentiable && broken.zeroGradients == 10)
    let infinite = try CriterionInspection(KeepsLoss { y, _ in (y - 5).log().sum(1) }, x)
    #expect(infinite.notFinite == 10)
  }
}
