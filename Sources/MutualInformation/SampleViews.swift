import Torch

/// The K views that per-sample MINE makes a batch of, out of one sample.
public protocol SampleViews: Sendable {
  /// K.
  var count: Int { get }
  /// The shape of one view, `[D]` or `[height, width]`.
  var viewShape: [Int] { get }
  /// Views `[samples, K, D]` of samples `[samples, …]`, and the map from a gradient with respect to the views to the one
  /// with respect to the samples.
  func withPullback(_ samples: Tensor) -> (views: Tensor, pullback: (Tensor) -> Tensor)
}

extension SampleViews {
  /// D.
  public var dimension: Int { viewShape.reduce(1, *) }

  /// Views `[samples, K, D]` of samples `[samples, …]`.
  public func callAsFunction(_ samples: Tensor) -> Tensor { withPullback(samples).views }
}
