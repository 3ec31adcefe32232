import Torch

/// The mutual information of Gaussian projections of x and x′ in closed form:
/// I(x, x′) = −(d′/2) ln(1 − cos²(x, x′)) nats.
///
/// With m a row of i.i.d. Gaussian entries, (m·x, m·x′) is bivariate normal with correlation cos(x, x′); d′ independent
/// coordinates carry d′ times its information.
public struct GaussianInformation: Sendable {
  private let originals: Tensor  // [batch, d]
  private let squaredNorms: Tensor  // [batch, 1]
  private let dimensions: Double

  /// The relative residual below which x′ counts as parallel to x: information is reported as if it were this far off.
  /// It is where float32 can no longer tell the two directions apart.
  public static let resolution = 1e-6

  /// - Parameters:
  ///   - originals: x, `[batch, …]`.
  ///   - dimensions: d′ ≥ 1.
  public init(_ originals: Tensor, dimensions: Int = 1) {
    precondition(dimensions >= 1, "the number of projected coordinates must be at least 1")
    self.originals = originals.flattened()
    squaredNorms = self.originals.square().sum(1, keepDimensions: true)
    self.dimensions = Double(dimensions)
  }

  /// I(x, x′) `[batch]` and its gradient with respect to x′ `[batch, …]`.
  ///
  /// Computed from the residual r of x′ orthogonal to x, since 1 − cos² = ‖r‖²/‖x′‖² keeps its digits where cos → 1:
  /// ∇I = d′ (x′/‖x′‖² − r/‖r‖²). Where x or x′ is zero the information is 0 and so is its gradient; where x′ is
  /// parallel to x the residual tells no direction and the gradient is 0 too: start off x.
  public func valuesAndGradient(_ perturbed: Tensor) -> (values: Tensor, gradient: Tensor) {
    withoutGrad {
      let x = originals, y = perturbed.detached().flattened()
      let xx = squaredNorms.clamped(atLeast: 1e-30)
      let yy = y.square().sum(1, keepDimensions: true).clamped(atLeast: 1e-30)
      let residual = y - x * ((x * y).sum(1, keepDimensions: true) / xx)
      let floor = Self.resolution * Self.resolution
      let rr = residual.square().sum(1, keepDimensions: true)
      let defined = (squaredNorms .> 1e-30) .& (yy .> 1e-30)
      let oblique = defined .& (rr .> yy * floor)
      let values = (rr / yy).clamped(floor...1).log() * (-0.5 * dimensions)
      let gradient = (y / yy - residual / rr) * dimensions
      let zero = Tensor(0)
      return (
        `where`(defined, values, zero).reshaped([-1]),
        `where`(oblique, gradient, zero).reshaped(perturbed.shape)
      )
    }
  }
}
