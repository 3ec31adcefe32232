import Models
import Torch

/// −‖x − Φ(x′)‖₂: the paper's L2-UAE maximises the distance of the *reconstruction* from the original instead of
/// minimising information.
public struct ReconstructionSimilarity: Similarity {
  private let model: @Sendable (Tensor) throws -> Tensor

  public let bytesPerSample = 0

  /// The similarity by what a model makes of both, `[batch, …]` to `[batch, …]`.
  public init(model: @escaping @Sendable (Tensor) throws -> Tensor) { self.model = model }

  public func bind(_ tile: Tile) -> any BoundSimilarity {
    Differentiated { [originals = tile.originals] in -(originals - (try model($0))).sampleNorms() }
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
