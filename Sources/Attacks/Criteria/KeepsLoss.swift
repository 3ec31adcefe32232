import Models
import Torch

/// f(x′) = ℓ(x′, x) − ℓ(x, x) + κ for a loss ℓ that somebody else computes: x′ costs the model no more than x does.
public struct KeepsLoss: Criterion {
  private let loss: @Sendable (_ perturbed: Tensor, _ original: Tensor) throws -> Tensor
  /// The margin κ ≥ 0 by which the loss must fall.
  public let kappa: Double

  /// - Parameter loss: two batches `[batch, …]` → one value a sample `[batch]`, differentiable in the first; frozen.
  public init(
    kappa: Double = 0, loss: @escaping @Sendable (_ perturbed: Tensor, _ original: Tensor) throws -> Tensor
  ) {
    self.loss = loss
    self.kappa = kappa
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let originals = tile.originals
    let clean = try withoutGrad { try loss(originals, originals) }
    return Bound(loss: loss, originals: originals, threshold: clean - kappa)
  }

  private struct Bound: BoundCriterion {
    let loss: @Sendable (Tensor, Tensor) throws -> Tensor
    let originals: Tensor
    let threshold: Tensor

    func values(_ perturbed: Tensor) throws -> Tensor { try loss(perturbed, originals) - threshold }
  }
}

extension RegisteredCriterion {
  static let loss = RegisteredCriterion(
    "loss", "the loss that the model computes itself does not rise", needs: .loss, settings: [.kappa]
  ) { context, choice in
    KeepsLoss(kappa: choice.real("kappa")) { [model = context.model] in
      try model.output(.loss, of: $0, original: $1)
    }
  }
}
