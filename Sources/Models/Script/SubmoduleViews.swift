import MutualInformation
import Torch

/// The feature maps that a submodule of a user's model makes of a sample: K channels, D values each.
struct SubmoduleViews: SampleViews {
  let count: Int
  let viewShape: [Int]
  private let submodule: ScriptModel

  /// - Parameters:
  ///   - submodule: its `forward` gives `[batch, K, …]` for a batch of samples, K ≥ 2.
  ///   - samples: a few samples that it is tried on.
  /// - Throws: `ScriptError` where it gives something else or mixes the samples of a batch.
  init(_ submodule: ScriptModel, samples: Tensor) throws {
    try ModelInspection.verify(submodule.path, samples) { try submodule.raw($0) }
    let few = samples[0..<1].requiringGrad()
    let maps = try withGrad { try submodule.raw(few) }
    guard maps.shape.count >= 3, maps.shape[1] >= 2, maps.requiresGrad else {
      throw ScriptError(
        submodule.path,
        "gives the shape \(maps.shape); views are two or more feature maps [batch, maps, …], differentiable")
    }
    self.submodule = submodule
    count = maps.shape[1]
    let shape = Array(maps.shape.dropFirst(2))
    viewShape = shape.count <= 2 ? shape : [shape.reduce(1, *)]
  }

  /// A failure of the script gives NaN, which ends the samples of the batch as not finite.
  func withPullback(_ samples: Tensor) -> (views: Tensor, pullback: (Tensor) -> Tensor) {
    let leaf = samples.requiringGrad()
    let shape = [samples.shape[0], count, dimension]
    guard let maps = try? withGrad({ try submodule.raw(leaf) }), maps.count == shape.reduce(1, *) else {
      return (
        Tensor.full(shape, .nan, device: samples.device),
        { _ in Tensor.full(samples.shape, .nan, device: samples.device) }
      )
    }
    return (
      maps.detached().reshaped(shape),
      { gradient in
        let pulled = try? grad(
          maps, [leaf], outputGradient: gradient.reshaped(maps.shape), retainGraph: true)[0]
        return pulled ?? Tensor.full(samples.shape, .nan, device: samples.device)
      }
    )
  }
}
