import Torch

/// x + λ (x_j − x_k), clipped to [0, 1], x_j and x_k two other samples of the same set: noise with the data's own covariance.
public struct DifferenceStart: Start {
  /// λ, the share of the difference that is added.
  public var lambda: Double

  /// A start of this λ.
  public init(lambda: Double) { self.lambda = lambda }

  public var partners: Int { 2 }

  public func perturbed(_ tile: Tile) -> Tensor {
    let first = tile.partners()
    let second = tile.partners(1, besides: first)
    return (tile.originals + (tile.set.gathered(first) - tile.set.gathered(second)) * lambda).clamped(0...1)
  }
}

extension Start where Self == DifferenceStart {
  /// x + λ (x_j − x_k).
  public static func difference(lambda: Double) -> DifferenceStart { DifferenceStart(lambda: lambda) }
}

extension RegisteredStart {
  static let difference = RegisteredStart(
    "difference", "the original and the difference of two other samples",
    settings: [.real("lambda", 1, in: .positive(upTo: 10), "λ, the weight of other samples")]
  ) { DifferenceStart(lambda: $0.real("lambda")) }
}
