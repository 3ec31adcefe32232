import Torch

/// How alike x′ is to x. An unsupervised adversarial example makes it small.
public protocol Similarity: Sendable {
  /// Prepares the similarity for the samples of a tile.
  func bind(_ tile: Tile) throws -> any BoundSimilarity

  /// The memory that the learned state of one sample takes while it is attacked, in bytes; 0 where nothing is learned.
  /// It has no usual value, so that a similarity that wraps another one cannot forget to pass it on.
  var bytesPerSample: Int { get }
}

/// A similarity with everything about the originals computed once, and, where it is learned, its state.
public protocol BoundSimilarity {
  /// Lets a learned similarity train on the iterate, then gives I(x, x′) `[batch]` and ∇I with respect to x′ `[batch, …]`.
  ///
  /// - Parameter iteration: counts the calls from 0, so that draws depend on it alone.
  mutating func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor)

  /// The form that a solver may compute by itself, where there is one.
  var closedForm: ClosedForm? { get }
}

/// A similarity that is a differentiable function of x′, whose gradient LibTorch finds.
struct Differentiated: BoundSimilarity {
  /// `[batch, …]` → `[batch]`.
  let values: (Tensor) throws -> Tensor
  var closedForm: ClosedForm? { nil }

  func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
    let leaf = perturbed.requiringGrad()
    let values = try withGrad { try self.values(leaf) }
    let gradient = try gradOrZeros(
      values, [leaf], outputGradient: Tensor.full(values.shape, 1, device: values.device))[0]
    return (values.detached(), gradient)
  }
}
