import Attacks
import Foundation
import Models
import Testing
import Torch

@Suite struct ContrastiveCriterionTests {
  private let set: Tensor
  private let model: any TrainableModel

  init() throws {
    // Images of four even quarters in colours of their own.
    let colours = Tensor(RandomStream(seed: 1, purpose: .augmentation).uniform(40 * 12), [40, 3, 2, 1, 2, 1])
    set = colours.expanded([40, 3, 2, 4, 2, 4]).reshaped([40, 3, 8, 8])
    model = try Architecture(.contrastiveConvolutions, sampleShape: [3, 8, 8], code: 16).makeModel(seed: 2)
    var trainer = Trainer(model, seed: 1)
    for epoch in 0..<40 { _ = try trainer.epoch(epoch, TrainingData(set), batchSize: 20) }
  }

  private func tile(_ size: Int = 40, seed: UInt64 = 5) -> Tile {
    Tile(set, number: 0, size: size, range: 0..<size, seed: seed)
  }

  private func noisy(_ x: Tensor, _ sigma: Double) -> Tensor {
    let noise = RandomStream(seed: 8, purpose: .start).normal(x.count)
    return (x + Tensor(noise, x.shape) * sigma).clamped(0...1)
  }

  @Test func originalHasTheMarginExactly() throws {
    var criterion = KeepsContrast(model)
    criterion.kappa = 0.25
    let tile = tile()
    let bound = try criterion.bind(tile)
    #expect(try withoutGrad { try bound.values(tile.originals).floats }.allSatisfy { $0 == 0.25 })
    #expect(try withoutGrad { try bound.valuesAndLoss(tile.originals).loss.floats }.allSatisfy { $0 == 0.25 })
  }

  /// The value of a sample is the same whichever samples are beside it.
  @Test func valueDoesNotDependOnTheBatch() throws {
    let criterion = KeepsContrast(model)
    let together = try withoutGrad { try criterion.bind(tile()).values(noisy(set, 0.2)).floats }
    for size in [1, 7] {
      let few = try withoutGrad {
        try criterion.bind(tile(size)).values(noisy(set, 0.2)[0..<size]).floats
      }
      #expect(zip(few, together).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  /// Copies of a sample have views of their own, by which they are scored again, too.
  @Test func copiesAreScoredAgainByTheirOwnViews() throws {
    var criterion = KeepsContrast(model)
    criterion.kappa = 0
    let attack = Attack(
      criterion: criterion, similarity: Distance(),
      solver: Switching(start: .noise(sigma: 0.03), alpha: 0.5, iterations: 8), seed: 5)
    let found = try attack.run(set, range: 0..<40, copy: 1, threads: 2)
    let own = try attack.criterionValues(set, found.perturbed, range: 0..<40, copy: 1)
    let other = try attack.criterionValues(set, found.perturbed, range: 0..<40)
    let won = found.status.indices.filter { found.status[$0] == .succeeded }
    #expect(won.count > 5)
    #expect(won.allSatisfy { abs(own[$0] - found.criterion[$0]) < 1e-5 })
    #expect(won.contains { abs(other[$0] - found.criterion[$0]) > 1e-3 })
  }

  /// Numbers of a model of float64 are contrasted in float64.
  @Test func doublesHaveTheSameValues() throws {
    let rows = Tensor(RandomStream(seed: 4, purpose: .augmentation).uniform(4 * 6), [4, 6])
    let weight = Tensor(RandomStream(seed: 9, purpose: .initialization).normal(18), [3, 6])
    func values(_ dtype: DataType) throws -> [Double] {
      let rows = rows.to(dtype), weight = weight.to(dtype)
      let criterion = KeepsContrast(views: .rows(noise: 0, dropped: 0)) { linear($0, weight) }
      return try withoutGrad {
        try criterion.bind(Tile(rows, number: 0, size: 4, range: 0..<4, seed: 3)).values(rows.square())
          .doubles
      }
    }
    let (single, double) = (try values(.float32), try values(.float64))
    #expect(zip(single, double).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  /// The sums of the definition, one by one, for a model that is a matrix and views that leave rows as they are.
  @Test func valueIsThatOfItsDefinition() throws {
    let rows = Tensor(RandomStream(seed: 4, purpose: .augmentation).uniform(4 * 6), [4, 6])
    let weight = Tensor(RandomStream(seed: 9, purpose: .initialization).normal(18), [3, 6])
    var criterion = KeepsContrast(views: .rows(noise: 0, dropped: 0)) { linear($0, weight) }
    criterion.kappa = 0.1
    let changed = rows.square()
    let values = try withoutGrad {
      try criterion.bind(Tile(rows, number: 0, size: 4, range: 0..<4, seed: 3)).values(changed).doubles
    }
    func unit(_ x: Tensor) -> [[Double]] {
      let y = linear(x, weight).unitRows().doubles
      return stride(from: 0, to: y.count, by: 3).map { Array(y[$0..<$0 + 3]) }
    }
    func cosine(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map(*).reduce(0, +) }
    let (anchors, own) = (unit(rows), unit(changed))
    for i in 0..<4 {
      func loss(_ b: [Double]) -> Double {
        let positive = cosine(anchors[i], b) / 0.5
        let others = (0..<4).filter { $0 != i }.map { exp(cosine(anchors[$0], b) / 0.5) }
        return -positive + log(exp(positive) + others.reduce(0, +))
      }
      #expect(abs(loss(own[i]) - loss(anchors[i]) + 0.1 - values[i]) < 1e-5)
    }
  }

  @Test func gradientIsThatOfFiniteDifferences() throws {
    let rows = Tensor(RandomStream(seed: 4, purpose: .augmentation).uniform(3 * 6), [3, 6]).to(.float64)
    let weight = Tensor(RandomStream(seed: 9, purpose: .initialization).normal(18), [3, 6]).to(.float64)
    let criterion = KeepsContrast(views: .rows(noise: 0.1, dropped: 0.2)) { linear($0.to(.float64), weight) }
    let tile = Tile(rows.to(.float32), number: 0, size: 3, range: 0..<3, seed: 3)
    let bound = try criterion.bind(tile)
    let leaf = (rows * 0.8 + 0.1).requiringGrad()
    let gradient = try #require(try grad(bound.values(leaf).sum(), [leaf])[0]).doubles
    let values = leaf.doubles
    for i in values.indices {
      let ends = try [-1e-6, 1e-6].map { step in
        var moved = values
        moved[i] += step
        return try withoutGrad { try bound.values(Tensor(moved, [3, 6])).sum().item }
      }
      #expect(abs((ends[1] - ends[0]) / 2e-6 - gradient[i]) < 1e-6)
    }
  }

  @Test func noiseRaisesTheAnchoredLoss() throws {
    let bound = try KeepsContrast(model).bind(tile())
    var last = 0.05
    for sigma in [0.1, 0.2, 0.4] {
      let mean = try withoutGrad { try bound.values(noisy(set, sigma)).mean().item }
      #expect(mean > last)
      last = mean
    }
  }

  /// Each step's gradient is of views of its own; the verdict is the same each time.
  @Test func stepsDrawAnewAndVerdictsDoNot() throws {
    let bound = try KeepsContrast(model).bind(tile()), x = noisy(set, 0.2)
    let losses = try withoutGrad { try (0..<2).map { _ in try bound.valuesAndLoss(x).loss.floats } }
    #expect(zip(losses[0], losses[1]).allSatisfy { $0 != $1 })
    let verdicts = try withoutGrad { try (0..<2).map { _ in try bound.values(x).floats } }
    #expect(verdicts[0] == verdicts[1])
    var other = KeepsContrast(model)
    other.purpose = .unseenViews
    #expect(try withoutGrad { try other.bind(tile()).values(x).floats } != verdicts[0])
  }

  @Test func examplesAreFoundAndHoldOnUnseenViews() throws {
    let recipe = Recipe(
      "views", criterion: Choice("contrastive"), start: Choice("noise", ["sigma": .real(0.03)]),
      solver: Choice("switching", ["alpha": .real(0.3), "iterations": .integer(24)]))
    let attack = try recipe.makeAttack(on: model, samples: set, seed: 1)
    let result = try attack.run(set, range: 0..<40, threads: 2)
    let again = try attack.run(set, range: 0..<40, threads: 1)
    #expect(largest(result.perturbed, again.perturbed) == 0)
    let won = result.status.indices.filter { result.status[$0] == .succeeded }
    #expect(won.count > 10)
    // What is written is what was judged: the same f from the values alone.
    let scores = try attack.criterionValues(set, result.perturbed, range: 0..<40)
    for row in won { #expect(scores[row] == result.criterion[row] && scores[row] <= 0) }
    var unseen = KeepsContrast(model)
    unseen.purpose = .unseenViews
    unseen.verdict = 32
    unseen.kappa = 0
    var judge = attack
    judge.criterion = unseen
    let others = try judge.criterionValues(set, result.perturbed, range: 0..<40)
    #expect(won.count { others[$0] <= 0 } * 4 >= won.count * 3)
  }

  private func largest(_ a: Tensor, _ b: Tensor) -> Double { (a - b).abs().reshaped([1, -1]).max(1).item }

  /// The published code compares copies of x' with each other: 2 ln 99, whatever x' is.
  @Test func publishedCriterionIsAConstantAndIsReported() throws {
    let recipe = try Recipe.contrastiveCode.completed()
    #expect(recipe.criterion.word("reference", usual: KeepsContrast.Reference.original) == .copies)
    let preflight = try Preflight(model, recipe, set)
    let finding = try #require(preflight.obstacle)
    #expect(finding.subject == "gradient" && finding.text.contains("constant"))
    #expect(try Preflight(model, Recipe("views", criterion: Choice("contrastive")), set).obstacle == nil)
  }

  /// The decision on a row is the same whichever other rows are asked for with it, and steps' gradients are those of the loss.
  @Test func gradientInPartsIsThatOfTheWhole() throws {
    var criterion = KeepsContrast(model)
    criterion.draws = 1
    // Away from the ends of [0, 1], at which views have no derivative.
    let x = noisy(set, 0.2) * 0.8 + 0.1
    let leaf = x.requiringGrad()
    let loss = try criterion.bind(tile()).valuesAndLoss(leaf).loss
    let gradient = try #require(try grad(loss.sum(), [leaf])[0])
    // Along the gradient's signs the loss of the same draws rises as the gradient says.
    let step = 1e-3
    let up = try withoutGrad {
      try criterion.bind(tile()).valuesAndLoss((x + gradient.sign() * step)).loss.doubles.reduce(0, +)
    }
    let here = try withoutGrad { try criterion.bind(tile()).valuesAndLoss(x).loss.doubles.reduce(0, +) }
    let expected = gradient.abs().sum().item * step
    #expect(abs((up - here) / expected - 1) < 0.15, "\(up - here) \(expected)")
  }

  @Test func oneSampleAloneIsRefused() {
    #expect(throws: CriterionError.nothingToTellFrom) { try KeepsContrast(model).bind(set[0..<1]) }
  }
}
