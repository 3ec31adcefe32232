import Attacks
import Foundation
import Models
import Testing
import Torch

/// A small trained-looking model and data that every test can make from a seed.
struct Fixture {
  let model: any TrainableModel
  let data: Tensor

  init(count: Int = 100, shape: [Int] = [1, 8, 8], kind: ModelFamily = .dense, seed: UInt64 = 5) throws {
    model = try Architecture(kind, sampleShape: shape, code: 6).makeModel(seed: seed)
    let length = shape.reduce(1, *)
    data = Tensor(RandomStream(seed: seed, purpose: .augmentation).uniform(count * length), [count] + shape)
    var trainer = Trainer(model, optimizer: .adam(learningRate: 0.01), seed: seed)
    for i in 0..<5 { _ = try trainer.epoch(i, TrainingData(data), batchSize: 20) }
  }

  func attack(_ solver: any Solver, _ similarity: any Similarity = ExactInformation(), seed: UInt64 = 1)
    -> Attack
  {
    Attack(criterion: KeepsReconstruction(model), similarity: similarity, solver: solver, seed: seed)
  }
}

@Suite struct SolverTests {
  static let solvers: [any Solver] = [
    MinMax(alpha: 0.1, iterations: 12), Switching(start: .noise(sigma: 0.4), iterations: 12),
    Switching(start: .mix(lambda: 0.5), iterations: 12), Switching(start: .zero, iterations: 6),
  ]

  @Test(arguments: solvers.indices)
  func aResultDependsOnNeitherRangeNorThreads(_ i: Int) throws {
    let fixture = try Fixture(count: 150)
    for similarity in [ExactInformation(), Distance()] as [any Similarity] {
      let attack = fixture.attack(Self.solvers[i], similarity)
      let whole = try attack.run(fixture.data, range: 0..<150, threads: 1)
      let parallel = try attack.run(fixture.data, range: 0..<150, threads: 3)
      #expect(whole.perturbed.floats == parallel.perturbed.floats)
      #expect(whole.status == parallel.status)
      for piece in [0..<1, 7..<8, 60..<67, 64..<128, 140..<150] {
        let part = try attack.run(fixture.data, range: piece, threads: 2)
        #expect(part.perturbed.floats == whole.perturbed[piece].floats)
        #expect(part.index == Array(piece))
        #expect(part.criterion.map(\.bitPattern) == whole.criterion[piece].map(\.bitPattern))
      }
    }
  }

  @Test(arguments: solvers.indices)
  func successesHoldWhenScoredAgainAndStayInTheBox(_ i: Int) throws {
    let fixture = try Fixture()
    let result = try fixture.attack(Self.solvers[i]).run(fixture.data, range: 0..<100, threads: 2)
    let x = fixture.data
    let clean = try withoutGrad { (x - (try fixture.model.output(.reconstruction, of: x))).sampleNorms() }
      .floats
    let dirty = try withoutGrad {
      (x - (try fixture.model.output(.reconstruction, of: result.perturbed))).sampleNorms()
    }.floats
    let values = result.perturbed.floats, originals = x.floats
    #expect(values.allSatisfy { 0 <= $0 && $0 <= 1 })
    for j in 0..<100 {
      let moved = (0..<64).contains { values[j * 64 + $0] != originals[j * 64 + $0] }
      if result.status[j] == .succeeded {
        #expect(moved)
        #expect(dirty[j] - clean[j] <= 1e-5)
        #expect(result.criterion[j] <= 0)
        #expect(abs(dirty[j] - clean[j] - result.criterion[j]) < 1e-5)
      } else {
        #expect(!moved, "a failed sample keeps its original")
      }
    }
  }

  @Test(arguments: Starts.registry.names, [1.0, 0.2])
  func theKernelTakesTheStepsOfTheTensorPath(_ name: String, _ epsilon: Double) throws {
    let start = try Starts.make(Choice(name))
    // 61 values a sample: no multiple of any vector's width.
    let fixture = try Fixture(count: 70, shape: [61])
    for similarity in [ExactInformation(dimensions: 3), Distance()] as [any Similarity] {
      let solver = Switching(start: start, alpha: 0.7, iterations: 8, epsilon: epsilon)
      let fused = try fixture.attack(solver, similarity).run(fixture.data, range: 0..<70, threads: 2)
      let plain = try fixture.attack(solver.withoutKernel, similarity).run(
        fixture.data, range: 0..<70, threads: 2)
      // A criterion within rounding of 0 may fall on either side; all else agrees to rounding.
      let same = (0..<70).filter { fused.bestIteration[$0] == plain.bestIteration[$0] }
      #expect(same.count >= 67)
      for i in same {
        #expect(fused.status[i] == plain.status[i])
        #expect(zip(fused.perturbed[i].floats, plain.perturbed[i].floats).allSatisfy { abs($0 - $1) < 2e-4 })
        if fused.status[i] == .succeeded {
          #expect(abs(fused.similarity[i] - plain.similarity[i]) < 1e-3 * (1 + abs(plain.similarity[i])))
        }
        #expect(fused.zeroGradients[i] == plain.zeroGradients[i])
      }
    }
  }

  @Test func switchingFindsFarExamples() throws {
    let fixture = try Fixture()
    let far = try fixture.attack(Switching(start: .noise(sigma: 0.4), iterations: 40), Distance())
      .run(fixture.data, range: 0..<100, threads: 2)
    let near = try fixture.attack(Switching(start: .noise(sigma: 0.4), iterations: 0), Distance())
      .run(fixture.data, range: 0..<100, threads: 2)
    #expect(far.successRate > 0.9)
    #expect(far.successRate > near.successRate, "steps make feasible what the start alone is not")
    let distances = (far.perturbed - fixture.data).sampleNorms().doubles
    #expect(distances.reduce(0, +) / 100 > 1)
  }

  @Test func aGlorotStartIsUniformWithinTensorFlowsLimit() throws {
    // A mid-grey set, so that the box cuts nothing; √(6 / 812) is the limit of a variable [1, 28, 28, 1].
    for (shape, limit) in [([1, 28, 28], 0.08596), ([3, 32, 32], 0.07319), ([9], 0.7746)] {
      let grey = Tensor.full([64] + shape, 0.5, device: .cpu)
      let tile = Tile(grey, number: 0, size: 64, range: 0..<64, seed: 3)
      let delta = (GlorotStart().perturbed(tile) - grey).floats.map(Double.init)
      let largest = delta.map(abs).max() ?? 0
      let bound = min(limit, 0.5)
      #expect(largest <= bound + 1e-4 && largest > 0.95 * bound)
      if limit < 0.5 {
        let variance = delta.reduce(0) { $0 + $1 * $1 } / Double(delta.count)
        #expect(abs(variance / (limit * limit / 3) - 1) < 0.05)
      }
    }
  }

  @Test func minMaxBeginsWhereItIsTold() throws {
    let fixture = try Fixture()
    // Steps too small to matter: what is returned is the start, where it succeeds.
    let result = try fixture.attack(MinMax(start: .noise(sigma: 0.05), alpha: 1e-9, iterations: 1))
      .run(fixture.data, range: 0..<64, threads: 1)
    let start = NoiseStart(sigma: 0.05).perturbed(
      Tile(fixture.data, number: 0, size: 64, range: 0..<64, seed: 1))
    let won = result.status.indices.filter { result.status[$0] == .succeeded }
    #expect(!won.isEmpty)
    for i in won {
      #expect(zip(result.perturbed[i].floats, start[i].floats).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func atADeltaOfZeroTheCriterionIsKappaAndNothingSucceeds() throws {
    let fixture = try Fixture()
    for kappa in [0, 0.25] {
      let f = try KeepsReconstruction(fixture.model, kappa: kappa).bind(fixture.data).values(fixture.data)
      #expect(f.floats.allSatisfy { $0 == Float(kappa) })
    }
    #expect(ExactInformation.values(fixture.data, fixture.data).floats.allSatisfy { $0 > 13 })
    let result = try fixture.attack(Switching(start: .zero, iterations: 0)).run(
      fixture.data, range: 0..<100, threads: 1)
    #expect(result.perturbed.floats == fixture.data.floats)
    #expect(result.successRate == 0)
  }

  @Test func anEpsilonOfZeroIsTheIdentity() throws {
    let fixture = try Fixture()
    for solver in [
      MinMax(alpha: 0.1, iterations: 5, epsilon: 0), Switching(iterations: 5, epsilon: 0),
    ] as [any Solver] {
      let result = try fixture.attack(solver).run(fixture.data, range: 0..<100, threads: 1)
      #expect(result.perturbed.floats == fixture.data.floats)
      #expect(result.successRate == 0, "an unchanged sample is no success")
    }
  }

  @Test func epsilonBoundsEveryValue() throws {
    let fixture = try Fixture()
    let result = try fixture.attack(Switching(iterations: 10, epsilon: 0.1), Distance())
      .run(fixture.data, range: 0..<100, threads: 1)
    #expect((result.perturbed - fixture.data).abs().flattened().max(1).max(0).item <= 0.1 + 1e-6)
    #expect(result.successRate > 0)
  }

  @Test func copiesOfASampleDiffer() throws {
    let fixture = try Fixture()
    let attack = fixture.attack(Switching(iterations: 5))
    let a = try attack.run(fixture.data, range: 0..<10, copy: 0, threads: 1)
    let b = try attack.run(fixture.data, range: 0..<10, copy: 1, threads: 1)
    #expect(a.perturbed.floats != b.perturbed.floats)
    #expect(b.copy == [Int](repeating: 1, count: 10))
  }

  @Test func aSampleThatIsNotFiniteHarmsNoOther() throws {
    let fixture = try Fixture()
    var values = fixture.data.floats
    values[3 * 64 + 5] = .nan
    let poisoned = Tensor(values, fixture.data.shape)
    for solver in Self.solvers where ((solver as? Switching)?.start.partners ?? 0) == 0 {
      let attack = fixture.attack(solver)
      let clean = try attack.run(fixture.data, range: 0..<20, threads: 1)
      let result = try attack.run(poisoned, range: 0..<20, threads: 1)
      #expect(result.status[3] == .notFinite)
      for i in (0..<20) where i != 3 {
        #expect(result.perturbed[i].floats == clean.perturbed[i].floats)
        #expect(result.status[i] == clean.status[i])
      }
    }
  }

  @Test func aGradientOfZeroHasAStatusOfItsOwn() throws {
    let fixture = try Fixture()
    // The output ignores the input, and f is always κ > 0.
    let criterion = KeepsReconstruction(kappa: 0.5) { x in x * 0.0 + 0.5 }
    let attack = Attack(
      criterion: criterion, similarity: Distance(), solver: Switching(iterations: 5), seed: 1)
    let result = try attack.run(fixture.data, range: 0..<100, threads: 1)
    #expect(result.status.allSatisfy { $0 == .zeroGradient })
    #expect(result.zeroGradients.allSatisfy { $0 == 5 })
  }

  @Test func tracesRecordEveryIteration() throws {
    let fixture = try Fixture()
    let result = try fixture.attack(MinMax(iterations: 7, recordsTrace: true))
      .run(fixture.data, range: 0..<100, threads: 1)
    #expect(result.traces.count == 2)
    #expect(result.traces.allSatisfy { $0.criterion.count == 7 && $0.stationarity.count == 7 })
    #expect(result.traces[0].stationarity[0].allSatisfy { $0 >= 0 })
  }

  @Test func cancellationStopsTheRun() throws {
    let fixture = try Fixture()
    #expect(throws: CancellationError.self) {
      try fixture.attack(Switching()).run(fixture.data, range: 0..<100, threads: 1, isCancelled: { true })
    }
  }
}
