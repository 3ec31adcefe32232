import Attacks
import Testing
import Torch

@Suite struct BallTests {
  /// The step onto a plane within the box is the shortest: against a bisection for the multiplier, in double precision.
  @Test(arguments: 0..<20, Norm.allCases)
  func theStepOntoAPlaneIsTheShortest(_ seed: Int, _ norm: Norm) {
    let random = RandomStream(seed: UInt64(seed), purpose: .augmentation)
    let size = 1 + seed * 7
    let t = random.uniform(size), w = random.normal(size, position: 1000)
    let target = random.uniform(size, position: 2000)
    // Some planes meet the box, some do not.
    let reach = seed % 3 == 0 ? 3.0 : 0.7
    let need = (0..<size).reduce(0.0) { $0 + Double(w[$1] * (target[$1] - t[$1])) } * reach
    let step = BoxProjection.step(from: t, w: w, need: need, norm: norm)

    func moved(_ lambda: Double) -> [Double] {
      (0..<size).map { i in
        let sign = w[i] * (need >= 0 ? 1 : -1) > 0 ? 1.0 : -1.0
        let room = sign > 0 ? 1 - Double(t[i]) : Double(t[i])
        let speed = w[i] == 0 ? 0 : norm == .linf ? 1 : abs(Double(w[i]))
        return sign * min(room, lambda * speed)
      }
    }
    func gain(_ d: [Double]) -> Double { (0..<size).reduce(0) { $0 + Double(w[$1]) * d[$1] } }
    var low = 0.0, high = 1e6
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if abs(gain(moved(middle))) < abs(need) { low = middle } else { high = middle }
    }
    let expected = moved(high)
    for i in 0..<size {
      #expect(abs(Double(step[i]) - expected[i]) < 1e-4)
      #expect((-1e-6...1 + 1e-6).contains(Double(t[i] + step[i])))
    }
  }

  @Test func whatMayNotChangeStaysOutOfAStep() {
    let step = BoxProjection.step(
      from: [0.5, 0.5, 0.5], w: [1, 1, 1], need: 0.4, norm: .linf, isFree: [1, 0, 1])
    #expect(step[1] == 0 && abs(step[0] - 0.2) < 1e-6 && abs(step[2] - 0.2) < 1e-6)
  }

  /// Random starts lie in the ball, differ by round and by sample, and do not depend on the tile.
  @Test(arguments: Norm.allCases)
  func randomStartsLieInTheBall(_ norm: Norm) throws {
    let fixture = LinearClassifier(seed: 2, features: 30)
    let epsilon = norm == .linf ? 0.1 : 0.3
    // Without a step the start is what is returned, where it succeeds.
    func starts(_ range: Range<Int>, _ restarts: Int) throws -> AttackResult {
      try Attack(
        criterion: SameClass(logits: fixture.logits), similarity: Distance(),
        solver: PGD(norm: norm, epsilon: epsilon, alpha: 1e-30, iterations: 1, restarts: restarts), seed: 5
      ).run(fixture.set, range: range, threads: 1)
    }
    let found = try starts(0..<70, 1)
    let sizes = fixture.sizes(found, norm)
    #expect(sizes.allSatisfy { $0 <= epsilon * 1.0001 })
    #expect(Set(sizes.filter { $0 > 0 }).count > 30)
    #expect(try starts(65..<70, 1).perturbed.floats == found.perturbed[65..<70].floats)
  }

  /// A mask holds for every solver, whatever it starts from.
  @Test(arguments: Solvers.registry.names)
  func whatAMaskForbidsStaysAsItIs(_ name: String) throws {
    let entry = try Solvers.registry.named(name)
    let fixture = LinearClassifier(seed: 3)
    var choice = Choice(name)
    for setting in entry.settings {
      switch setting.name {
      case "iterations": choice["iterations"] = .integer(name == "cw" ? 60 : 6)
      case "alpha" where name != "minmax" && name != "penalty": choice["alpha"] = .real(0.1)
      case "searches": choice["searches"] = .integer(2)
      case "queries": choice["queries"] = .integer(20)
      case "epsilon": choice["epsilon"] = .real(0.5)
      default: break
      }
    }
    let mask = Tensor((0..<12).map { $0 % 3 == 0 ? 0 : 1 }, [1, 12])
    var attack = fixture.attack(
      try Solvers.make(choice, start: try Starts.make(Choice(entry.takesStart ? "noise" : "zero"))))
    attack.mask = mask
    let found = try attack.run(fixture.set, range: 0..<70, threads: 2)
    let delta = (found.perturbed - fixture.set).floats
    #expect(delta.indices.allSatisfy { $0 % 12 % 3 != 0 || delta[$0] == 0 })
    #expect(found.status.contains(.succeeded))
    // The same for each sample by itself.
    attack.mask = concatenated([Tensor](repeating: mask, count: 70))
    #expect(try attack.run(fixture.set, range: 0..<70, threads: 1).perturbed.floats == found.perturbed.floats)
  }

  @Test(arguments: Solvers.registry.names)
  func aResultDependsOnNeitherRangeNorThreads(_ name: String) throws {
    let entry = try Solvers.registry.named(name)
    let fixture = LinearClassifier(seed: 8, count: 150)
    let exact = fixture.distances(.linf).sorted()
    var choice = Choice(name)
    for setting in entry.settings {
      switch setting.name {
      case "iterations": choice["iterations"] = .integer(8)
      case "searches": choice["searches"] = .integer(2)
      case "queries": choice["queries"] = .integer(30)
      case "restarts": choice["restarts"] = .integer(2)
      case "epsilon": choice["epsilon"] = .real(exact[75])
      default: break
      }
    }
    let attack = fixture.attack(
      try Solvers.make(choice, start: try Starts.make(Choice(entry.takesStart ? "noise" : "zero"))))
    let whole = try attack.run(fixture.set, range: 0..<150, threads: 1)
    for piece in [0..<150, 0..<1, 7..<8, 60..<67, 64..<128, 140..<150] {
      let part = try attack.run(fixture.set, range: piece, threads: 2)
      #expect(part.perturbed.floats == whole.perturbed[piece].floats)
      #expect(part.status == Array(whole.status[piece]))
      #expect(part.zeroGradients == Array(whole.zeroGradients[piece]))
      #expect(part.criterion.map(\.bitPattern) == whole.criterion[piece].map(\.bitPattern))
      #expect(part.bestIteration == Array(whole.bestIteration[piece]))
    }
  }
}
