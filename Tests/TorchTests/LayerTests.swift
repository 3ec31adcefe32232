import Testing
import Torch

/// Layers against closed forms, plain loops, and the TorchScript that they write.
@Suite struct LayerTests {
  private func drawn(_ shape: [Int], _ index: Int = 0) -> Tensor {
    Tensor(RandomStream(seed: 3, purpose: .start, index: index).normal(shape.reduce(1, *)), shape)
  }

  private func expectEqual(_ a: [Float], _ b: [Float], within limit: Float = 1e-5) {
    #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= limit * (1 + abs($1)) })
  }

  private func training(_ step: Int) -> Pass {
    .training(RandomStream(seed: 5, purpose: .training, index: step))
  }

  /// The sums of a convolution, one by one.
  @Test(
    arguments: [(3, 1, 0), (3, 2, 1), (4, 2, 1), (5, 3, 2), (1, 2, 0), (5, 1, 2)], [(1, 3), (2, 1), (2, 3)])
  func aConvolutionIsItsSums(_ form: (Int, Int, Int), _ channels: (Int, Int)) throws {
    let ((kernel, stride, padding), (inputs, outputs)) = (form, channels)
    var random = ParameterInitializer(seed: 2, device: .cpu)
    let layer = Conv2d(inputs, outputs, kernel: kernel, stride: stride, padding: padding, &random)
    let bias = try #require(layer.bias)
    withoutGrad { bias.assign(drawn([outputs], 1)) }
    let (height, width) = (8, 12)
    let image = drawn([1, inputs, height, width])
    let x = image.floats, w = layer.weight.floats, b = bias.floats
    let rows = (height + 2 * padding - kernel) / stride + 1
    let columns = (width + 2 * padding - kernel) / stride + 1
    var expected: [Float] = []
    for o in 0..<outputs {
      for row in 0..<rows {
        for column in 0..<columns {
          var sum = b[o]
          for i in 0..<inputs {
            for u in 0..<kernel {
              for v in 0..<kernel {
                let (r, c) = (row * stride + u - padding, column * stride + v - padding)
                guard 0..<height ~= r, 0..<width ~= c else { continue }
                sum += w[((o * inputs + i) * kernel + u) * kernel + v] * x[(i * height + r) * width + c]
              }
            }
          }
          expected.append(sum)
        }
      }
    }
    let y = layer(image)
    #expect(y.shape == [1, outputs, rows, columns])
    expectEqual(y.floats, expected, within: 1e-4)
  }

  @Test func poolsTakeTheLargestAndTheMean() {
    let x = Tensor([Float(1), 5, 2, 0, 3, 4, -1, 7, 8, 2, 2, 6], [1, 1, 3, 4])
    #expect(Pooling.max(2)(x).floats == [5, 7])
    #expect(Pooling.max(2, stride: 1)(x).floats == [5, 5, 7, 8, 4, 7])
    #expect(Pooling.average(2)(x).floats == [3.25, 2])
    #expect(Pooling.average(3, stride: 1)(x).floats == [26.0 / 9, 27.0 / 9])
    #expect(Pooling.wholeAverage(x).floats == [39.0 / 12])
  }

  /// In training by the batch, learning with the unbiased variance; then by what was learnt.
  @Test func batchNormFollowsItsFormula() throws {
    var random = ParameterInitializer(seed: 2, device: .cpu)
    let layer = BatchNorm(2, &random)
    let (weight, bias): ([Float], [Float]) = ([2, -1], [0.5, 3])
    withoutGrad {
      layer.parameters[0].tensor.assign(Tensor(weight, [2]))
      layer.parameters[1].tensor.assign(Tensor(bias, [2]))
    }
    let x: [Float] = [1, 2, 3, 5, 0, -1, 2, 8, 4, 4, 1, 0]  // [3 samples, 2 channels, 2 values]
    func channel(_ i: Int) -> Int { i / 2 % 2 }
    var pass = training(0)
    let trained = layer(Tensor(x, [3, 2, 2]), &pass)
    var expected: [Float] = x, learnt: [Float] = x
    for c in 0..<2 {
      let values = x.indices.filter { channel($0) == c }.map { x[$0] }
      let mean = values.reduce(0, +) / 6
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let runningMean = 0.1 * mean, runningVariance = 0.9 + 0.1 * squares / 5
      #expect(abs(layer.buffers[0].tensor.floats[c] - runningMean) < 1e-6)
      #expect(abs(layer.buffers[1].tensor.floats[c] - runningVariance) < 1e-6)
      for i in x.indices where channel(i) == c {
        expected[i] = weight[c] * (x[i] - mean) / (squares / 6 + 1e-5).squareRoot() + bias[c]
        learnt[i] = weight[c] * (x[i] - runningMean) / (runningVariance + 1e-5).squareRoot() + bias[c]
      }
    }
    expectEqual(trained.floats, expected)
    expectEqual(layer(Tensor(x, [3, 2, 2])).floats, learnt)
    // One value per channel teaches nothing: the variance of one value is not a number.
    let before = layer.buffers.map(\.tensor.floats)
    expectEqual(
      layer(Tensor([Float(1), 2], [1, 2]), &pass).floats, layer(Tensor([Float(1), 2], [1, 2])).floats)
    #expect(layer.buffers.map(\.tensor.floats) == before)
  }

  @Test func dropoutIsKeyedAndKeepsTheMean() {
    let x = Tensor.full([100, 200], 1, device: .cpu)
    let layer = Dropout(0.3)
    func outputs(_ step: Int) -> (first: [Float], second: [Float]) {
      var pass = training(step)
      return (layer(x, &pass).floats, layer(x, &pass).floats)
    }
    let once = outputs(1)
    #expect(outputs(1) == once)
    #expect(outputs(2).first != once.first)
    #expect(once.second != once.first)
    #expect(Set(once.first) == [0, Float(1 / 0.7)])
    // Five standard deviations of the share of 20,000 draws.
    let kept = Double(once.first.count { $0 > 0 }) / 20_000
    #expect(abs(kept - 0.7) < 5 * (0.7 * 0.3 / 20_000).squareRoot())
    #expect(layer(x).floats == x.floats)
  }

  @Test func onlyLayersWithTensorsAreNumbered() {
    var random = ParameterInitializer(seed: 2, device: .cpu)
    let alone = Sequential("a", [Flatten(), Linear(2, 3, &random), Activation.relu])
    #expect(alone.parameters.map(\.name) == ["a.weight", "a.bias"])
    let several = Sequential(
      "b",
      [
        Conv2d(1, 2, kernel: 1, &random), Activation.relu,
        Residual([BatchNorm(2, &random), Conv2d(2, 2, kernel: 1, &random)]),
      ])
    #expect(
      several.tensors.map(\.name) == [
        "b.0.weight", "b.0.bias", "b.1.body.0.weight", "b.1.body.0.bias", "b.1.body.1.weight",
        "b.1.body.1.bias", "b.1.body.0.running_mean", "b.1.body.0.running_var",
      ])
  }

  @Test func aResidualAddsItsShortcut() {
    var random = ParameterInitializer(seed: 2, device: .cpu)
    let (body, other) = (Linear(4, 3, &random), Linear(4, 3, &random))
    let x = drawn([5, 4])
    #expect(Residual([body], shortcut: [other])(x).floats == (body(x) + other(x)).floats)
    let square = Linear(4, 4, &random)
    #expect(Residual([square])(x).floats == (square(x) + x).floats)
  }

  /// Every layer, trained for a step so that no buffer is what it was, in one network and in its script.
  @Test func theScriptComputesWhatTheLayersDo() throws {
    var random = ParameterInitializer(seed: 2, device: .cpu)
    let network = Sequential(
      "all",
      [
        Conv2d(2, 6, kernel: 3, stride: 2, &random), BatchNorm(6, &random), Activation.relu, Dropout(0.5),
        Residual([Conv2d(6, 6, kernel: 3, &random), BatchNorm(6, &random), Activation.tanh]),
        Residual([Conv2d(6, 4, kernel: 1, &random)], shortcut: [Conv2d(6, 4, kernel: 3, &random)]),
        DoubledConv2d(Conv2d(4, 3, kernel: 5, &random)), Pooling.max(3, stride: 2),
        Pooling.average(2, stride: 1), Flatten(), Linear(3 * 16, 18, &random), Activation.sigmoid,
        Unflatten([2, 3, 3]), Pooling.wholeAverage,
      ])
    var pass = training(0)
    let x = drawn([4, 2, 12, 12])
    _ = network(x, &pass)
    let script = try Script.create("Model")
    for (tensors, areParameters) in [(network.parameters, true), (network.buffers, false)] {
      for named in tensors {
        try script.register(
          named.name.replacing(".", with: "_"), named.tensor, isParameter: areParameters)
      }
    }
    try script.define(ScriptMethod.source("forward", [network]))
    let y = network(x)
    #expect(y.shape == [4, 2])
    expectEqual(try script(x).floats, y.floats)
  }
}
