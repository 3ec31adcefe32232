import MutualInformation
import Torch

/// The information between x and x′ under Gaussian projections in closed form, −(d′/2) ln(1 − cos²(x, x′)):
/// what per-sample MINE with random projections estimates, without critic, projection or training.
public struct ExactInformation: Similarity {
  /// d′, the number of projected coordinates. It scales the value and leaves its minimiser where it is.
  public let dimensions: Int

  public let bytesPerSample = 0

  /// The information of views with so many coordinates.
  public init(dimensions: Int = 1) { self.dimensions = dimensions }

  /// −½ ln(1 − cos²) of each pair, `[batch, …]` twice → `[batch]`.
  public static func values(_ originals: Tensor, _ perturbed: Tensor) -> Tensor {
    GaussianInformation(originals).valuesAndGradient(perturbed).values
  }

  public func bind(_ tile: Tile) -> any BoundSimilarity {
    Bound(
      information: GaussianInformation(tile.originals, dimensions: dimensions),
      closedForm: .exactInformation(dimensions: dimensions))
  }

  private struct Bound: BoundSimilarity {
    let information: GaussianInformation
    let closedForm: ClosedForm?

    func evaluate(_ perturbed: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
      information.valuesAndGradient(perturbed)
    }
  }
}

extension RegisteredSimilarity {
  static let exact = RegisteredSimilarity(
    "exact", "the information under Gaussian projections in closed form", limit: .atLeast, settings: []
  ) { _, _ in ExactInformation() }
}
