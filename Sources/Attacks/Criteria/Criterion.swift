import Torch

/// What counts as a success: x′ succeeds against the frozen model where f(x′) ≤ 0.
public protocol Criterion: Sendable {
  /// Prepares the criterion for the samples of a tile.
  /// - Throws: what the model throws; ``CriterionError`` where the samples and the model do not fit.
  func bind(_ tile: Tile) throws -> any BoundCriterion
}

extension Criterion {
  /// Prepares the criterion for all the samples `[count, …]` of a set at once.
  public func bind(_ set: Tensor) throws -> any BoundCriterion {
    try bind(Tile(set, number: 0, size: set.shape[0], range: 0..<set.shape[0], seed: 0))
  }
}

/// A criterion with everything about the originals computed once.
public protocol BoundCriterion {
  /// f(x′), one value per sample, differentiable in x′: `[batch, …]` → `[batch]`. No sample's value may depend on another.
  func values(_ perturbed: Tensor) throws -> Tensor

  /// f(x′) and the loss that solvers make small instead, both `[batch]`: another function than f where a criterion has a
  /// surrogate. Both come from one forward pass.
  func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor)

  /// The loss alone `[batch]`, for solvers that do not look at f on their way.
  func loss(_ perturbed: Tensor) throws -> Tensor

  /// What it asks of a model's classes; nil for criteria that are about something else.
  var classes: ClassObjective? { get }

  /// The rows that are not attacked, since nothing needs to change there; nil for none.
  var skipped: [Bool]? { get }
}

extension BoundCriterion {
  public func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor) {
    let values = try values(perturbed)
    return (values, values)
  }

  public func loss(_ perturbed: Tensor) throws -> Tensor { try valuesAndLoss(perturbed).loss }

  public var classes: ClassObjective? { nil }
  public var skipped: [Bool]? { nil }

  /// f(x′) `[batch]` and the loss's gradient `[batch, …]` from one forward and one backward pass.
  func valuesAndGradient(_ perturbed: Tensor) throws -> (values: Tensor, gradient: Tensor) {
    let all = try evaluation(perturbed)
    return (all.values, all.gradient)
  }

  /// The loss's gradient `[batch, …]` alone.
  func gradient(_ perturbed: Tensor) throws -> Tensor {
    try Evaluation(perturbed) {
      let loss = try loss($0)
      return (loss, loss)
    }.gradient
  }

  /// f(x′) and the loss `[batch]`, and the loss's gradient `[batch, …]`.
  func evaluation(_ perturbed: Tensor) throws -> Evaluation {
    try Evaluation(perturbed) { try valuesAndLoss($0) }
  }
}

/// A criterion at some iterates.
struct Evaluation {
  /// f(x′) `[batch]`.
  let values: Tensor
  /// What is made small `[batch]`.
  let loss: Tensor
  /// Its gradient `[batch, …]`.
  let gradient: Tensor

  init(values: Tensor, loss: Tensor, gradient: Tensor) {
    self.values = values
    self.loss = loss
    self.gradient = gradient
  }

  /// - Parameter functions: f and the loss of each sample.
  init(_ perturbed: Tensor, _ functions: (Tensor) throws -> (values: Tensor, loss: Tensor)) throws {
    let leaf = perturbed.requiringGrad()
    let (values, loss) = try withGrad { try functions(leaf) }
    gradient = try gradOrZeros(
      loss, [leaf], outputGradient: Tensor.full(loss.shape, 1, dtype: loss.dtype, device: loss.device))[0]
    self.values = values.detached()
    self.loss = loss.detached()
  }
}
