import Torch

/// The vanilla network in LibTorch's operators, all samples at once: for devices without the native kernel, and the
/// reference that the kernel is held to. Gradients in closed form.
public final class TensorMINE: MINEEstimator {
  private let draws: MINEDraws
  private var optimizer: Adam
  private var steps = 0
  // [samples, H, D], [samples, H, D], [samples, 1, H], [samples, 1, H]
  private let wx, wy, b, v: Tensor

  /// - Throws: ``MINEError`` for a configuration that makes no sense.
  public init(
    _ configuration: MINE.Configuration, views: Int, dimension: Int, seed: UInt64, indices: [Int],
    device: Device
  ) throws {
    try configuration.validate()
    precondition(views >= 1 && dimension >= 1, "MINE needs at least one view of at least one value")
    draws = MINEDraws(seed: seed, indices: indices, views: views, device: device)
    optimizer = Adam(configuration)
    let hidden = configuration.hiddenUnits, weights = hidden * dimension
    let uniform = indices.flatMap { index in
      let stream = RandomStream(seed: seed, purpose: .mineParameters, index: index)
      return stream.uniform(2 * weights + 2 * hidden).map { 2 * $0 - 1 }
    }
    let all = Tensor(uniform, [indices.count, 2 * weights + 2 * hidden]).to(device)
    let inner = Double(1 / Float(dimension).squareRoot()), outer = Double(1 / Float(hidden).squareRoot())
    func part(_ range: Range<Int>, _ scale: Double, _ shape: [Int]) -> Tensor {
      (all.sliced(1, range) * scale).reshaped([indices.count] + shape).contiguous()
    }
    wx = part(0..<weights, inner, [hidden, dimension])
    wy = part(weights..<(2 * weights), inner, [hidden, dimension])
    b = part((2 * weights)..<(2 * weights + hidden), inner, [1, hidden])
    v = part((2 * weights + hidden)..<(2 * weights + 2 * hidden), outer, [1, hidden])
  }

  public func advance(_ x: Tensor, _ y: Tensor, steps count: Int) -> MINE.Estimate {
    let shape = [draws.samples, draws.views, wx.shape[2]]
    precondition(
      x.shape == shape && y.shape == shape, "MINE for views \(shape) was given \(x.shape), \(y.shape)")
    return withoutGrad {
      let x = x.detached(), y = y.detached()
      for step in steps..<(steps + count) {
        let g = gradients(x, y, draws.permutations(.mineTraining, number: step))
        optimizer.step(
          [wx, wy, b, v],
          [
            -matmul(g.a.transposed(), x), -matmul(g.c.transposed(), y), -g.c.sum(1, keepDimensions: true),
            -g.v,
          ])
      }
      steps += count
      let g = gradients(x, y, draws.permutations(.mineEvaluation, number: steps))
      return MINE.Estimate(values: g.value, gradient: matmul(g.c, wy))
    }
  }

  /// The bound `[samples]` and its gradients: of the pre-activations of the branches `[samples, K, H]`, and of v.
  private func gradients(
    _ x: Tensor, _ y: Tensor, _ permutation: MINEDraws.Permutations
  ) -> (value: Tensor, a: Tensor, c: Tensor, v: Tensor) {
    let views = Double(draws.views)
    let a = matmul(x, wx.transposed()) + b, c = matmul(y, wy.transposed())
    let joint = a + c, marginal = a + permutation.apply(c)
    let jointActive = joint.relu(), marginalActive = marginal.relu()
    let t = (jointActive * v).sum(2), tMarginal = (marginalActive * v).sum(2)
    let value = donskerVaradhan(joint: t, marginal: tMarginal)
    let weights = tMarginal.softmax(1).unsqueezed(2)  // of the marginal pairs
    let dJoint = (joint .> 0).to(.float32) * v / views
    let dMarginal = -(marginal .> 0).to(.float32) * v * weights
    let dv = (jointActive / views - marginalActive * weights).sum(1, keepDimensions: true)
    return (value, dJoint + dMarginal, dJoint + permutation.undo(dMarginal), dv)
  }

  /// W_x `[H, D]`, W_y `[H, D]`, b `[H]`, v `[H]` of one of the samples, one after the other.
  package func parameters(of position: Int) -> [Float] { [wx, wy, b, v].flatMap { $0[position].floats } }
}

extension Adam {
  init(_ configuration: MINE.Configuration) {
    self.init(
      learningRate: Double(configuration.learningRate), beta1: Double(configuration.beta1),
      beta2: Double(configuration.beta2), epsilon: Double(configuration.epsilon))
  }
}
