import Torch

/// −‖x′ − x‖∞. Only the values that are changed most have a gradient.
public struct LargestChange: Similarity {
  public let bytesPerSample = 0

  /// The similarity, which has no settings.
  public init() {}

  public func bind(_ tile: Tile) -> any BoundSimilarity {
    Differentiated { [originals = tile.originals] in -($0 - originals).flattened().abs().max(1) }
  }
}

extension RegisteredSimilarity {
  static let linf = RegisteredSimilarity(
    "linf", "minus the largest change of a value", limit: .atMost, settings: []
  ) {
    _, _ in
    LargestChange()
  }
}
