import Torch

/// What counts as a success: x′ succeeds against the frozen model where f(x′) ≤ 0.
public protocol Criterion: Sendable {
  /// Prepares the criterion for the samples `[batch, …]` that are attacked together.
  func bind(_ originals: Tensor) throws -> any BoundCriterion
}

/// A criterion with everything about the originals computed once.
public protocol BoundCriterion {
  /// f(x′), one value per sample, differentiable in x′: `[batch, …]` → `[batch]`. No sample's value may depend on another.
  func values(_ perturbed: Tensor) throws -> Tensor
}

extension BoundCriterion {
  /// f(x′) `[batch]` and ∇f(x′) `[batch, …]` from one forward and one backward pass.
  func valuesAndGradient(_ perturbed: Tensor) throws -> (values: Tensor, gradient: Tensor) {
    let leaf = perturbed.requiringGrad()
    let values = try withGrad { try self.values(leaf) }
    let gradient = try grad(
      values, [leaf], outputGradient: Tensor.full(values.shape, 1, dtype: values.dtype, device: values.device)
    )[0]
    return (values.detached(), gradient ?? Tensor.zeros(perturbed.shape, device: perturbed.device))
  }
}
