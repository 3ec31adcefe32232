import Foundation
import Torch

/// MINE with the network of the authors' code, differentiated by LibTorch: about 12 million weights a sample for views of
/// 28×28, so keep the groups small (``MINE/Configuration/stateBytes(viewShape:)``).
public final class AuthorsMINE: MINEEstimator {
  private let draws: MINEDraws
  private let x: AuthorsBranch
  private let y: AuthorsBranch
  private let output: Tensor  // v, [samples, 1, H]
  private let parameters: [Tensor]
  private var optimizer: Adam
  private var steps = 0

  /// - Throws: ``MINEError`` for a configuration that makes no sense.
  public init(
    _ configuration: MINE.Configuration, views: Int, viewShape: [Int], seed: UInt64, indices: [Int],
    device: Device
  ) throws {
    try configuration.validate()
    guard viewShape.count == 1 || (viewShape.count == 2 && viewShape.allSatisfy { $0 >= 2 }) else {
      throw MINEError(
        description: "the authors' network takes vectors or images of at least 2×2 as views, not \(viewShape)"
      )
    }
    draws = MINEDraws(seed: seed, indices: indices, views: views, device: device)
    var random = PerSampleUniform(seed: seed, indices: indices, device: device)
    let hidden = configuration.hiddenUnits
    x = AuthorsBranch(viewShape, hidden: hidden, &random)
    y = AuthorsBranch(viewShape, hidden: hidden, &random)
    output = random.glorot([1, hidden], inputs: hidden, outputs: 1)
    parameters = x.parameters + y.parameters + [output]
    optimizer = Adam(configuration)
  }

  public func advance(_ x: Tensor, _ y: Tensor, steps count: Int) -> MINE.Estimate {
    let x = x.detached(), y = y.detached()
    for step in steps..<(steps + count) {
      let leaves = parameters.map { $0.requiringGrad() }
      let permutations = draws.permutations(.mineTraining, number: step)
      let objective = withGrad { -bound(x, y, permutations, leaves).sum() }
      optimizer.step(parameters, gradients(objective, leaves))
    }
    steps += count
    let leaf = y.requiringGrad()
    let permutations = draws.permutations(.mineEvaluation, number: steps)
    let values = withGrad { bound(x, leaf, permutations, parameters) }
    return MINE.Estimate(
      values: values.detached(), gradient: gradients(withGrad { values.sum() }, [leaf])[0])
  }

  private func gradients(_ objective: Tensor, _ leaves: [Tensor]) -> [Tensor] {
    guard let found = try? gradOrZeros(objective, leaves) else {
      preconditionFailure("MINE's bound was not recorded")
    }
    return found
  }

  /// The bound `[samples]`, from the weights of both branches and the output's, in the order of `parameters`.
  private func bound(
    _ x: Tensor, _ y: Tensor, _ permutations: MINEDraws.Permutations, _ weights: [Tensor]
  ) -> Tensor {
    let branch = self.x.parameters.count
    let a = self.x(x, weights[..<branch]), c = self.y(y, weights[branch..<(2 * branch)])
    let v = weights[2 * branch]
    return donskerVaradhan(
      joint: ((a + c).relu() * v).sum(2), marginal: ((a + permutations.apply(c)).relu() * v).sum(2))
  }
}

/// One branch of the authors' network, a set of weights a sample: [convolution 16@2×2 →] dense 512 → dense H, all linear.
struct AuthorsBranch {
  private static let channels = 16, inner = 512, patch = 4

  let parameters: [Tensor]
  private let viewShape: [Int]

  init(_ viewShape: [Int], hidden: Int, _ random: inout PerSampleUniform) {
    self.viewShape = viewShape
    let features = Self.features(viewShape)
    var parameters: [Tensor] = []
    if viewShape.count == 2 {
      // Keras counts a kernel's positions into both fans.
      let fan = Self.patch * Self.channels
      parameters = [
        random.glorot([Self.channels, Self.patch], inputs: Self.patch, outputs: fan),
        random.zeros([Self.channels]),
      ]
    }
    parameters += [
      random.glorot([Self.inner, features], inputs: features, outputs: Self.inner),
      random.zeros([Self.inner]),
      random.glorot([hidden, Self.inner], inputs: Self.inner, outputs: hidden), random.zeros([hidden]),
    ]
    self.parameters = parameters
  }

  static func parameterCount(viewShape: [Int], hidden: Int) -> Int {
    let convolution = viewShape.count == 2 ? channels * (patch + 1) : 0
    return convolution + inner * (features(viewShape) + 1) + hidden * (inner + 1)
  }

  private static func features(_ viewShape: [Int]) -> Int {
    viewShape.count == 2 ? (viewShape[0] - 1) * (viewShape[1] - 1) * channels : viewShape.reduce(1, *)
  }

  /// Views `[samples, K, D]` to pre-activations `[samples, K, H]`.
  func callAsFunction(_ views: Tensor, _ weights: ArraySlice<Tensor>) -> Tensor {
    var rest = weights
    var features = views
    if viewShape.count == 2, let weight = rest.popFirst(), let bias = rest.popFirst() {
      // A 2×2 convolution of every view with its sample's kernels: four shifted copies, weighted.
      let (samples, count) = (views.shape[0], views.shape[1])
      let image = views.reshaped([samples, count] + viewShape)
      let height = viewShape[0] - 1, width = viewShape[1] - 1
      let shifted = [(0, 0), (0, 1), (1, 0), (1, 1)].map { row, column in
        image.sliced(2, row..<(row + height)).sliced(3, column..<(column + width))
      }
      let patches = stacked(shifted, 4).reshaped([samples, count * height * width, Self.patch])
      features = (matmul(patches, weight.transposed()) + bias).reshaped([samples, count, -1])
    }
    while let weight = rest.popFirst(), let bias = rest.popFirst() {
      features = matmul(features, weight.transposed()) + bias
    }
    return features
  }
}

/// Initial weights for a group of networks, drawn from each sample's own stream.
struct PerSampleUniform {
  let seed: UInt64
  let indices: [Int]
  let device: Device
  private var position: UInt64 = 0

  init(seed: UInt64, indices: [Int], device: Device) {
    self.seed = seed
    self.indices = indices
    self.device = device
  }

  /// `[samples] + shape`, uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010).
  mutating func glorot(_ shape: [Int], inputs: Int, outputs: Int) -> Tensor {
    let count = shape.reduce(1, *)
    let limit = (6 / Float(inputs + outputs)).squareRoot()
    let parts = indices.map { index in
      let stream = RandomStream(seed: seed, purpose: .mineParameters, index: index)
      return Tensor(stream.uniform(count, position: position).map { (2 * $0 - 1) * limit }, shape)
    }
    position += UInt64((count + 3) / 4)
    return stacked(parts).to(device)
  }

  /// Biases `[samples, 1] + shape`.
  func zeros(_ shape: [Int]) -> Tensor { Tensor.zeros([indices.count, 1] + shape, device: device) }
}
