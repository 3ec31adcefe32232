import Testing
import Torch

/// Each rule is followed on one number by its published formula, in double precision.
@Suite struct OptimizerTests {
  static let gradients: [Double] = [0.5, -1.25, 2, 0.03, -0.4, 1]

  func follow(_ make: () -> any Optimizer) -> [Double] {
    var optimizer = make()
    let p = Tensor([1.0], [1])
    return Self.gradients.map {
      optimizer.step([p], [Tensor([$0], [1])])
      return p.item
    }
  }

  func expectEqual(_ a: [Double], _ b: [Double]) {
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-9 }, "\(a) is not \(b)")
  }

  @Test func adamFollowsItsFormula() {
    var p = 1.0, m = 0.0, v = 0.0
    let expected = Self.gradients.enumerated().map { i, g -> Double in
      m = 0.9 * m + 0.1 * g
      v = 0.999 * v + 0.001 * g * g
      let t = Double(i + 1)
      let c1 = 1 - (0..<Int(t)).reduce(1.0) { a, _ in a * 0.9 },
        c2 = 1 - (0..<Int(t)).reduce(1.0) { a, _ in a * 0.999 }
      p -= 0.01 * (m / c1) / ((v / c2).squareRoot() + 1e-8)
      return p
    }
    expectEqual(follow { Adam(learningRate: 0.01) }, expected)
  }

  @Test func momentumFollowsItsFormula() {
    for nesterov in [false, true] {
      var p = 1.0, u = 0.0
      let expected = Self.gradients.map { g -> Double in
        u = 0.9 * u + g
        p -= 0.1 * (nesterov ? g + 0.9 * u : u)
        return p
      }
      expectEqual(follow { SGD(learningRate: 0.1, momentum: 0.9, nesterov: nesterov) }, expected)
    }
    var p = 1.0
    expectEqual(
      follow { SGD(learningRate: 0.1) },
      Self.gradients.map {
        p -= 0.1 * $0
        return p
      })
  }

  @Test func rmspropFollowsKeras() {
    var p = 1.0, s = 0.0
    let expected = Self.gradients.map { g -> Double in
      s = 0.9 * s + 0.1 * g * g
      p -= 0.0025 * g / (s.squareRoot() + 1e-7)
      return p
    }
    expectEqual(follow { RMSprop(learningRate: 0.0025) }, expected)
  }

  @Test func adadeltaFollowsKeras() {
    var p = 1.0, s = 0.0, u = 0.0
    let expected = Self.gradients.map { g -> Double in
      s = 0.95 * s + 0.05 * g * g
      let step = ((u + 1e-7) / (s + 1e-7)).squareRoot() * g
      u = 0.95 * u + 0.05 * step * step
      p -= step
      return p
    }
    expectEqual(follow { Adadelta() }, expected)
  }

  @Test(arguments: [0, 1, 2, 3])
  func aRestoredStateContinuesExactly(_ rule: Int) {
    func make() -> any Optimizer {
      switch rule {
      case 0: return Adam()
      case 1: return SGD(learningRate: 0.1, momentum: 0.9)
      case 2: return RMSprop()
      default: return Adadelta()
      }
    }
    func run(restoreAfter: Int?) -> [Float] {
      var optimizer = make()
      let p = Tensor([Float(1), 2], [2]), q = Tensor([Float(3)], [1])
      for (i, g) in Self.gradients.enumerated() {
        if i == restoreAfter {
          let saved = optimizer.state.map { NamedTensor($0.name, $0.tensor.cloned()) }
          optimizer = make()
          optimizer.state = saved
        }
        optimizer.step([p, q], [Tensor([Float(g), Float(-g)], [2]), Tensor([Float(g)], [1])])
      }
      return p.floats + q.floats
    }
    #expect(run(restoreAfter: nil) == run(restoreAfter: 3))
  }
}
