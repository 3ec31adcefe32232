import Torch

/// −‖x − Φ(x′)‖₂: the paper's L2-UAE maximises the distance of the *reconstruction* from the original instead of
/// minimising information.
public struct ReconstructionDistance: Similarity {
  private let model: @Sendable (Tensor) throws -> Tensor

  public init(model: @escaping @Sendable (Tensor) throws -> Tensor) { self.model = model }

  public func bind(_ tile: Tile) -> any BoundSimilarity { Bound(model: model, originals: tile.originals) }

  private struct Bound: BoundSimilarity {
    let model: @Sendable (Tensor) throws -> Tensor
    let originals: Tensor

    func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
      let leaf = perturbed.requiringGrad()
      let values = try withGrad { -(originals - (try model(leaf))).sampleNorms() }
      let gradient = try grad(values, [leaf], outputGradient: Tensor.full(values.shape, 1))[0]
      return (values.detached(), gradient ?? Tensor.zeros(perturbed.shape))
    }
  }
}
