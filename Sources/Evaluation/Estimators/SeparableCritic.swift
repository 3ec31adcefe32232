import Torch

/// T(x, y) = g(x)·h(y), two perceptrons with two hidden layers each: all B² scores of a batch for 2B passes
/// (the separable critic of Poole et al., ICML 2019).
struct SeparableCritic: Sendable {
  private let g: Sequential
  private let h: Sequential

  init(dimension: Int, hidden: Int = 256, embedding: Int = 32, seed: UInt64) {
    var random = ParameterInitializer(seed: seed, device: .cpu)
    g = perceptron("g", [dimension, hidden, hidden, embedding], &random)
    h = perceptron("h", [dimension, hidden, hidden, embedding], &random)
  }

  var parameters: [Tensor] { (g.parameters + h.parameters).map(\.tensor) }

  /// `[B, d]`, `[B, d]` → `[B, B]`.
  func scores(_ x: Tensor, _ y: Tensor) -> Tensor { matmul(g(x), h(y).transposed()) }
}

/// Linear layers with ReLU between them.
private func perceptron(_ name: String, _ widths: [Int], _ random: inout ParameterInitializer) -> Sequential {
  var layers: [any Layer] = []
  for (inputs, outputs) in zip(widths, widths.dropFirst()) {
    if !layers.isEmpty { layers.append(Activation.relu) }
    layers.append(Linear(inputs, outputs, &random))
  }
  return Sequential(name, layers)
}
