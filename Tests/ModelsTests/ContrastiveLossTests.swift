import Foundation
import Models
import Testing
import Torch

@Suite struct ContrastiveLossTests {
  /// The values are those of lightly 1.6.0's `NTXentLoss`, in double precision.
  @Test(arguments: [(1, 3), (2, 5), (7, 16), (64, 128)], [0.01, 0.1, 0.5, 10])
  func lossIsLightlys(_ size: (Int, Int), _ temperature: Double) throws {
    let key = "ntxent_\(size.0)_\(size.1)_" + (temperature == 10 ? "10" : "\(temperature)")
    let (a, b) = (try ContrastiveFixture.doubles(key + "_a"), try ContrastiveFixture.doubles(key + "_b"))
    let expected = try ContrastiveFixture.doubles(key).item
    let loss = ntXent(a, b, temperature: temperature).item
    #expect(abs(loss - expected) <= 1e-12 * max(1, abs(expected)))
    let single = ntXent(a.to(.float32), b.to(.float32), temperature: temperature).item
    #expect(abs(single - expected) <= 1e-6 * max(1, abs(expected)) / min(1, temperature))
    guard size.1 <= 16 else { return }
    let leaf = a.requiringGrad()
    let gradient = try grad(ntXent(leaf, b, temperature: temperature), [leaf])[0]
    #expect(
      largestDifference(try #require(gradient), try ContrastiveFixture.doubles(key + "_grad"))
        < 1e-11 / temperature)
  }

  @Test func lossHasItsClosedForms() {
    for n in [2, 5, 64] {
      let equal = Tensor([Double](repeating: 0.3, count: n * 4), [n, 4])
      for temperature in [0.01, 0.5, 10] {
        #expect(abs(ntXent(equal, equal, temperature: temperature).item - log(Double(2 * n - 1))) < 1e-12)
        var units = [Double](repeating: 0, count: n * n)
        for i in 0..<n { units[i * (n + 1)] = 3 }
        let orthogonal = Tensor(units, [n, n])
        let expected = log1p(Double(2 * n - 2) * exp(-1 / temperature))
        #expect(abs(ntXent(orthogonal, orthogonal, temperature: temperature).item - expected) < 1e-12)
      }
    }
    let one = Tensor([1.0, -2], [1, 2])
    #expect(ntXent(one, -one, temperature: 0.5).item == 0)
  }

  /// Unpaired halves, or the same pairs in another order, give another loss: the pairing counts.
  @Test func pairsBelongTogether() throws {
    let a = try ContrastiveFixture.doubles("ntxent_7_16_0.5_a")
    let close = a + 0.01
    let paired = ntXent(a, close, temperature: 0.5).item
    let turned = ntXent(a, close.gathered([1, 2, 3, 4, 5, 6, 0]), temperature: 0.5).item
    #expect(paired + 0.5 < turned)
    #expect(abs(ntXent(close, a, temperature: 0.5).item - paired) < 1e-12)
  }

  @Test func gradientIsThatOfFiniteDifferences() throws {
    let a = try ContrastiveFixture.doubles("ntxent_2_5_0.5_a"),
      b = try ContrastiveFixture.doubles("ntxent_2_5_0.5_b")
    let leaf = a.requiringGrad()
    let gradient = try #require(try grad(ntXent(leaf, b, temperature: 0.5), [leaf])[0]).doubles
    let values = a.doubles
    for i in values.indices {
      let ends = [-1e-6, 1e-6].map { step in
        var moved = values
        moved[i] += step
        return ntXent(Tensor(moved, a.shape), b, temperature: 0.5).item
      }
      #expect(abs((ends[1] - ends[0]) / 2e-6 - gradient[i]) < 1e-6)
    }
  }

  /// The trace is that of google-research/simclr's `lars_optimizer.py`, written in NumPy, over 50 steps of which 10 warm up;
  /// weights that begin at 0 leave it, and a bias neither decays nor adapts.
  @Test func larsIsTheReferences() throws {
    let weights = try (0..<3).map { try ContrastiveFixture.doubles("lars_w\($0)") }
    let gradients = try (0..<3).map { try ContrastiveFixture.doubles("lars_g\($0)") }
    let traces = try (0..<3).map { try ContrastiveFixture.doubles("lars_t\($0)") }
    let schedule = LearningRateSchedule.warmUp(steps: 10, then: .constant)
    var optimizer = LARS(learningRate: 0.8, weightDecay: 1e-2)
    for step in 0..<50 {
      optimizer.learningRate = 0.8 * schedule.factor(step)
      optimizer.step(weights, gradients.map { $0.selected(0, step) })
      for (weight, trace) in zip(weights, traces) {
        #expect(largestDifference(weight, trace.selected(0, step)) < 1e-9)
      }
    }
    #expect(weights[1].abs().sum().item > 0.1)
    var resumed = LARS(learningRate: 0.8, weightDecay: 1e-2)
    resumed.state = optimizer.state.map { NamedTensor($0.name, $0.tensor.cloned()) }
    let copies = weights.map { $0.cloned() }
    optimizer.step(weights, gradients.map { $0.selected(0, 0) })
    resumed.step(copies, gradients.map { $0.selected(0, 0) })
    #expect(zip(weights, copies).allSatisfy { largestDifference($0, $1) == 0 })
  }
}
