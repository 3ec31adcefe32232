import Torch

/// The original itself: the paper's δ₀ = 0.
public struct OriginalStart: Start {
  /// The start, which has no settings.
  public init() {}
  public func perturbed(_ tile: Tile) -> Tensor { tile.originals }
}

extension Start where Self == OriginalStart {
  /// x itself, δ = 0.
  public static var zero: OriginalStart { OriginalStart() }
}

extension RegisteredStart {
  static let zero = RegisteredStart("zero", "the original itself") { _ in OriginalStart() }
}
