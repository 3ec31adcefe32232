import Torch

/// −‖x′ − x‖₂: the farther, the less alike.
public struct Distance: Similarity {
  public let bytesPerSample = 0

  /// The distance, which has no settings.
  public init() {}

  public func bind(_ tile: Tile) -> any BoundSimilarity { Bound(originals: tile.originals) }

  private struct Bound: BoundSimilarity {
    let originals: Tensor
    var closedForm: ClosedForm? { .distance }

    func evaluate(_ perturbed: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
      withoutGrad {
        let difference = originals - perturbed
        let norms = difference.scaledSampleNorms()
        // At x′ = x every direction is as good; the zero vector says so.
        return (-norms, difference / norms.clamped(atLeast: 1e-30).perSample(like: difference))
      }
    }
  }
}

extension RegisteredSimilarity {
  static let l2 = RegisteredSimilarity("l2", "minus the Euclidean distance", limit: .atMost, settings: []) {
    _, _ in
    Distance()
  }
}
