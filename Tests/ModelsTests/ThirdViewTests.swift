import Foundation
import Models
import Testing
import Torch

/// What CLAE's views and i-Mix add to a step.
@Suite struct ThirdViewTests {
  private func encoder(_ change: (inout ContrastiveSettings) -> Void) throws -> ContrastiveEncoder {
    var model = try #require(
      try Architecture(.contrastiveConvolutions, sampleShape: [3, 8, 8], code: 16).makeModel(seed: 2)
        as? ContrastiveEncoder)
    change(&model.settings)
    return model
  }

  private var data: TrainingData {
    TrainingData(Tensor(RandomStream(seed: 9, purpose: .augmentation).uniform(16 * 192), [16, 3, 8, 8]))
  }

  private func values(_ tensors: [NamedTensor]) -> [Tensor] { tensors.map { $0.tensor.cloned() } }

  /// A second set of batch norms takes what third views teach: the first set's statistics are those of a training without them.
  @Test(arguments: [ThirdView.Kind.adversarial, .randomSigns])
  func secondNormsKeepThirdViewsOutOfTheFirst(_ kind: ThirdView.Kind) throws {
    let plain = try encoder { _ in }
    let apart = try encoder { $0.third = ThirdView(kind) }
    let mixed = try encoder { $0.third = ThirdView(kind, hasOwnNorms: false) }
    for model in [plain, apart, mixed] {
      _ = try withoutGrad {
        try model.settings.loss(model, data.batch(Array(0..<16)), RandomStream(seed: 1, purpose: .training))
      }
    }
    func difference(_ a: ContrastiveEncoder, _ b: ContrastiveEncoder) -> Double {
      zip(a.buffers, b.buffers).map { largestDifference($0.tensor, $1.tensor) }.max() ?? 0
    }
    #expect(plain.companions.isEmpty && mixed.companions.isEmpty && !apart.companions.isEmpty)
    #expect(difference(plain, apart) == 0)
    #expect(difference(plain, mixed) > 0)
  }

  /// The second set learns, is saved with a training's state, and is no part of the finished model.
  @Test func secondNormsAreTrainedAndResumed() throws {
    func trainer() throws -> Trainer { Trainer(try encoder { $0.third = ThirdView(.adversarial) }, seed: 3) }
    var whole = try trainer()
    let before = values(whole.model.companions)
    for epoch in 0..<2 { _ = try whole.epoch(epoch, data, batchSize: 8) }
    let after = values(whole.model.companions)
    #expect(zip(before, after).allSatisfy { largestDifference($0, $1) > 0 })

    var first = try trainer()
    _ = try first.epoch(0, data, batchSize: 8)
    let saved = try Checkpoint(first.model, training: first.state, epoch: 1).encoded()
    let read = try Checkpoint(decoding: saved, path: "saved")
    var model = try #require(read.model as? ContrastiveEncoder)
    model.settings.third = ThirdView(.adversarial)
    var second = Trainer(model, seed: 3)
    second.state = read.training
    _ = try second.epoch(1, data, batchSize: 8)
    #expect(zip(second.model.companions, after).allSatisfy { largestDifference($0.tensor, $1) == 0 })
    #expect(try second.model.digest() == whole.model.digest())
    #expect(!second.model.tensors.contains { $0.name.contains("norm.") })
  }

  /// The loss is that of the projections at the model's τ, in training mode.
  @Test func lossIsOfProjectionsAtItsTemperature() throws {
    let model = try encoder { $0.views = .rows(noise: 0, dropped: 0) }
    let random = RandomStream(seed: 1, purpose: .training)
    let loss = try withoutGrad { try model.settings.loss(model, data.batch(Array(0..<16)), random).item }
    var pass = Pass.training(random)
    let z = withoutGrad {
      let both = concatenated([data.samples, data.samples])
      return model.projector(model.encoder(both, &pass), &pass)
    }
    let temperature = model.settings.temperature
    #expect(abs(ntXent(z[0..<16], z[16..<32], temperature: temperature).item - loss) < 1e-6)
    #expect(abs(ntXent(z[0..<16], z[16..<32], temperature: 5).item - loss) > 0.1)
    let still = try withoutGrad { try model.output(.projection, of: data.samples) }
    #expect(abs(ntXent(still, still, temperature: temperature).item - loss) > 1e-4)
  }

  /// Adversarial views raise the loss more than views that are moved as far at random.
  @Test func adversarialViewsAreHarderThanRandomOnes() throws {
    func loss(_ third: ThirdView) throws -> Double {
      let model = try encoder { $0.third = third }
      return try model.settings.loss(
        model, data.batch(Array(0..<16)), RandomStream(seed: 1, purpose: .training)
      ).item
    }
    #expect(
      try loss(ThirdView(.adversarial, epsilon: 0.05)) > loss(ThirdView(.randomSigns, epsilon: 0.05)))
  }

  /// The definition's sums, one by one; a share of 1 leaves views as they are.
  @Test func mixturesFindBothPartners() {
    let a = Tensor(RandomStream(seed: 1, purpose: .training).normal(12), [4, 3]).to(.float64)
    let b = Tensor(RandomStream(seed: 2, purpose: .training).normal(12), [4, 3]).to(.float64)
    let shares = [0.3, 1, 0, 0.8], partners = [2, 3, 0, 1]
    let mixture = Mixture(partners: partners, shares: Tensor(shares, [4]))
    let x = a.doubles, mixed = mixture(a).doubles
    for i in 0..<4 {
      for k in 0..<3 {
        let expected = shares[i] * x[3 * i + k] + (1 - shares[i]) * x[3 * partners[i] + k]
        #expect(abs(mixed[3 * i + k] - expected) < 1e-12)
      }
    }
    func rows(_ t: Tensor) -> [[Double]] {
      let v = t.unitRows().doubles
      return (0..<4).map { Array(v[3 * $0..<3 * $0 + 3]) }
    }
    let (p, q) = (rows(a), rows(b))
    func cosine(_ i: Int, _ j: Int) -> Double { zip(p[i], q[j]).map(*).reduce(0, +) / 0.5 }
    var sum = 0.0
    for i in 0..<4 {
      let all = log((0..<4).map { exp(cosine(i, $0)) }.reduce(0, +))
      sum -= shares[i] * (cosine(i, i) - all) + (1 - shares[i]) * (cosine(i, partners[i]) - all)
    }
    #expect(abs(mixture.loss(a, b, temperature: 0.5).item - sum / 4) < 1e-12)
  }

  @Test func mixedTrainingLowersItsLoss() throws {
    var trainer = Trainer(
      try encoder { $0.mixes = true }, optimizer: .adam(learningRate: 3e-3), seed: 4)
    let losses = try (0..<30).map { try trainer.epoch($0, data, batchSize: 16) }
    let (first, last) = (losses.prefix(8).reduce(0, +), losses.suffix(8).reduce(0, +))
    #expect(last < first)
  }
}
