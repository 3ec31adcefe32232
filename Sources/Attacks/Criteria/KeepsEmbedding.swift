import Models
import Torch

/// f(x′) = ‖e(x′) − e(x)‖₂ − τ ‖e(x)‖₂: the embedding of x′ stays within the share τ of its length around that of x.
public struct KeepsEmbedding: Criterion {
  private let embed: @Sendable (Tensor) throws -> Tensor
  /// τ > 0, the radius around e(x), relative to ‖e(x)‖₂.
  public let tolerance: Double

  /// - Parameter embed: `[batch, …]` → `[batch, values]`, frozen, in evaluation mode.
  public init(tolerance: Double, embed: @escaping @Sendable (Tensor) throws -> Tensor) {
    self.embed = embed
    self.tolerance = tolerance
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let originals = tile.originals
    let clean = try withoutGrad { try embed(originals) }
    return Bound(embed: embed, clean: clean, radius: clean.sampleNorms() * tolerance)
  }

  private struct Bound: BoundCriterion {
    let embed: @Sendable (Tensor) throws -> Tensor
    let clean: Tensor
    let radius: Tensor

    func values(_ perturbed: Tensor) throws -> Tensor {
      (try embed(perturbed) - clean).sampleNorms() - radius
    }
  }
}

extension RegisteredCriterion {
  static let embedding = RegisteredCriterion(
    "embedding", "the embedding stays within a share of its length", needs: .embedding,
    settings: [
      .real("tolerance", 0.1, in: .positive, "τ, how far the embedding may move, as a share of its length")
    ]
  ) { context, choice in
    KeepsEmbedding(tolerance: choice.real("tolerance")) { [model = context.model.frozen()] in
      try model.output(.embedding, of: $0)
    }
  }
}
