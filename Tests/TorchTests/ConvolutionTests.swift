import Testing
import Torch

@Suite struct ConvolutionTests {
  /// The layer in all its forms against LibTorch's plain convolution, values and gradients.
  @Test(arguments: [(1, 16), (16, 1), (1, 1), (8, 16), (3, 5)], [[8, 8], [28, 12], [6, 10]])
  func theLayerIsThePlainConvolution(_ channels: (Int, Int), _ size: [Int]) throws {
    var random = ParameterInitializer(seed: 3, device: .cpu)
    let layer = Conv2d(channels.0, channels.1, kernel: 5, &random)
    let bias = try #require(layer.bias)
    withoutGrad {
      bias.assign(Tensor(RandomStream(seed: 1, purpose: .start).normal(channels.1), [channels.1]))
    }
    let count = 2 * channels.0 * size[0] * size[1]
    let x = Tensor(RandomStream(seed: 2, purpose: .start).normal(count), [2, channels.0] + size)
      .requiringGrad()
    let weights = RandomStream(seed: 4, purpose: .start).normal(2 * channels.1 * size[0] * size[1])
    let doubled = RandomStream(seed: 5, purpose: .start).normal(8 * channels.1 * size[0] * size[1])
    func outcome(_ y: Tensor) throws -> [[Float]] {
      let loss = (y * Tensor(y.count == weights.count ? weights : doubled, y.shape)).sum()
      let gradients = try grad(loss, [x, layer.weight, bias])
      return [y.floats] + (try gradients.map { try #require($0).floats })
    }
    let ours = try outcome(layer(x)), plain = try outcome(conv2d(x, layer.weight, layer.bias, padding: 2))
    let after = try outcome(DoubledConv2d(layer)(x))
    let (height, width) = (size[0], size[1])
    let large = x.reshaped([2, channels.0, height, 1, width, 1]).expanded([
      2, channels.0, height, 2, width, 2,
    ])
    .reshaped([2, channels.0, 2 * height, 2 * width])
    let plainAfter = try outcome(conv2d(large, layer.weight, layer.bias, padding: 2))
    for (a, b) in zip(ours + after, plain + plainAfter) {
      #expect(a.count == b.count)
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 2e-4 * (1 + abs($1)) })
    }
  }
}
