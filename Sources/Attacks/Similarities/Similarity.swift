import Torch

/// How alike x′ is to x. An unsupervised adversarial example makes it small.
public protocol Similarity: Sendable {
  /// Prepares the similarity for the samples of a tile.
  func bind(_ tile: Tile) throws -> any BoundSimilarity

  /// The memory that a sample's learned state takes while it is attacked, in bytes.
  var bytesPerSample: Int { get }
}

extension Similarity {
  public var bytesPerSample: Int { 0 }
}

extension BoundSimilarity {
  public var closedForm: ClosedForm? { nil }
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
