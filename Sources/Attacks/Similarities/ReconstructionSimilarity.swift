import Models
import Torch

/// −‖x − Φ(x′)‖₂: the paper's L2-UAE maximises the distance of the *reconstruction* from the original instead of
/// minimising information.
public struct ReconstructionSimilarity: Similarity {
  private let model: @Sendable (Tensor) throws -> Tensor

  public let bytesPerSample = 0

  public init(model: @escaping @Sendable (Tensor) throws -> Tensor) { self.model = model }

  public func bind(_ tile: Tile) -> any BoundSimilarity { Bound(model: model, originals: tile.originals) }

  private struct Bound: BoundSimilarity {
    let model: @Sendable (Tensor) throws -> Tensor
    let originals: Tensor
    var closedForm: ClosedForm? { nil }

    func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
      let leaf = perturbed.requiringGrad()
      let values = try withGrad { -(originals - (try model(leaf))).sampleNorms() }
      let gradient = try grad(
        values, [leaf], outputGradient: Tensor.full(values.shape, 1, device: values.device))[0]
      return (values.detached(), gradient ?? Tensor.zeros(perturbed.shape, device: perturbed.device))
    }
  }
}

extension RegisteredSimilarity {
  static let reconstruction = RegisteredSimilarity(
    "reconstruction", "minus the distance between x and the reconstruction of x' (the paper's L2-UAE)",
    needs: .reconstruction, settings: []
  ) { context, _ in
    let model = context.model
    return ReconstructionSimilarity { try model.output(.reconstruction, of: $0) }
  }
}
