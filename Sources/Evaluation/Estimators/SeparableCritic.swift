import Torch

/// T(x, y) = g(x)·h(y), two perceptrons with two hidden layers each: all B² scores of a batch for 2B passes
/// (the separable critic of Poole et al., ICML 2019).
struct SeparableCritic: Sendable {
  private let g: Perceptron
  private let h: Perceptron

  init(dimension: Int, hidden: Int = 256, embedding: Int = 32, seed: UInt64) {
    var random = ParameterInitializer(seed: seed, device: .cpu)
    g = Perceptron([dimension, hidden, hidden, embedding], &random)
    h = Perceptron([dimension, hidden, hidden, embedding], &random)
  }

  var parameters: [Tensor] { (g.parameters + h.parameters).map(\.tensor) }

  /// `[B, d]`, `[B, d]` → `[B, B]`.
  func scores(_ x: Tensor, _ y: Tensor) -> Tensor { matmul(g(x), h(y).transposed()) }
}

private struct Perceptron: Module {
  let layers: [Linear]

  init(_ widths: [Int], _ random: inout ParameterInitializer) {
    var layers: [Linear] = []
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      layers.append(Linear(inputs, outputs, &random))
    }
    self.layers = layers
  }

  var parameters: [NamedTensor] { layers.enumerated().flatMap { $1.parameters(under: "\($0)") } }

  func callAsFunction(_ x: Tensor) -> Tensor {
    layers.dropLast().reduce(x) { $1($0).relu() }.applying(layers.last)
  }
}

extension Tensor {
  fileprivate func applying(_ layer: Linear?) -> Tensor { layer?(self) ?? self }
}
