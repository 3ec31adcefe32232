import Torch

/// (1 − λ) x + λ z, z another sample of the same set.
public struct MixStart: Start {
  /// λ, the share of the other sample.
  public var lambda: Double

  /// A start of this λ.
  public init(lambda: Double) { self.lambda = lambda }

  public var partners: Int { 1 }

  public func perturbed(_ tile: Tile) -> Tensor {
    tile.originals * (1 - lambda) + tile.set.gathered(tile.partners()) * lambda
  }
}

extension Start where Self == MixStart {
  /// (1 − λ) x + λ z.
  public static func mix(lambda: Double) -> MixStart { MixStart(lambda: lambda) }
}

extension RegisteredStart {
  static let mix = RegisteredStart(
    "mix", "a mixture with another sample",
    settings: [.real("lambda", 0.5, in: .positive(upTo: 1), "λ, the weight of other samples")]
  ) { MixStart(lambda: $0.real("lambda")) }
}
