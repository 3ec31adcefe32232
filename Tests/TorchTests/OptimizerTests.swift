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

  /// The values are those of PyTorch 2.13.0 for the same gradients, in double precision.
  @Test func weightDecayIsPyTorchs() {
    expectEqual(
      follow { SGD(learningRate: 0.1, weightDecay: 0.05) },
      [0.945, 1.065275, 0.859948625, 0.852648881875, 0.8883856374656249, 0.7839437092782968])
    expectEqual(
      follow { SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.05) },
      [0.945, 1.015775, 0.874393625, 0.739778419375, 0.6549258422156248, 0.4752838935611091])
    expectEqual(
      follow { SGD(learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.05) },
      [0.8955, 1.07994275, 0.747211518875, 0.6198146438081875, 0.581331668966816, 0.31796350665153367])
    expectEqual(
      follow { Adam(learningRate: 0.01, weightDecay: 0.05) },
      [
        0.9900000001818182, 0.993976047726618, 0.990268783333457, 0.9870440944859548, 0.9851232678614819,
        0.9815523981087465,
      ])
    expectEqual(
      follow { Adam(learningRate: 0.01, weightDecay: 0.05, isDecoupled: true) },
      [
        0.9895000002000001, 0.9934274027912897, 0.9895385028104084, 0.9861929207035776, 0.9842165875960656,
        0.9805616356895378,
      ])
  }

  @Test func decayingLeavesTheCallersGradientsAlone() {
    var optimizer = SGD(learningRate: 0.1, weightDecay: 0.05)
    let gradient = Tensor([1.0], [1])
    optimizer.step([Tensor([2.0], [1])], [gradient])
    #expect(gradient.item == 1)
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

  /// A convolution's gradient may lie in memory with channels last: each weight is moved by its own element all the same.
  @Test func layoutOfAGradientDoesNotCount() {
    let rules: [() -> any Optimizer] = [
      { Adam(learningRate: 0.1) }, { Adam(learningRate: 0.1, isDecoupled: true) }, { SGD(learningRate: 0.1) },
      { SGD(learningRate: 0.1, momentum: 0.9) }, { RMSprop() }, { Adadelta() }, { LARS(learningRate: 0.1) },
    ]
    let gradient = Tensor((0..<24).map { Float($0 % 7) - 2.5 }, [2, 3, 2, 2])
    for rule in rules {
      let ends = [gradient, gradient.channelsLast()].map { gradient in
        var optimizer = rule()
        let weights = Tensor((0..<24).map { Float($0) / 10 }, [2, 3, 2, 2])
        for step in 1...3 { optimizer.step([weights], [gradient * (1 / Double(step))]) }
        return weights.floats
      }
      #expect(ends[0] == ends[1])
    }
  }
}
