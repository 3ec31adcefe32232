import Foundation
import Torch

/// Pairs of standard normal vectors whose coordinates correlate one to one: x, y ∈ ℝᵈ, corr(xᵢ, yᵢ) = ρ.
///
/// The usual yardstick for estimators of mutual information, since all of it is known:
/// I(X, Y) = −(d/2) ln(1 − ρ²).
public struct CorrelatedGaussians: Sendable {
  /// The number of coordinates of either variable.
  public let dimension: Int
  /// I(X, Y) in nats.
  public let information: Double
  /// ρ = √(1 − exp(−2I/d)).
  public let correlation: Double

  /// Pairs whose coordinates are so correlated that they share the information, in nats.
  public init(dimension: Int = 20, information: Double) {
    precondition(dimension > 0 && information >= 0, "no such Gaussians")
    self.dimension = dimension
    self.information = information
    correlation = (1 - exp(-2 * information / Double(dimension))).squareRoot()
  }

  /// `size` pairs, x and y each `[size, d]`, a function of (seed, number) alone.
  public func batch(_ size: Int, seed: UInt64, number: Int) -> (x: Tensor, y: Tensor) {
    let count = size * dimension
    let stream = RandomStream(seed: seed, purpose: .correlatedGaussians, index: number)
    let draws = stream.normal(2 * count)
    let x = Tensor(draws[..<count], [size, dimension])
    let noise = Tensor(draws[count...], [size, dimension])
    return (x, x * correlation + noise * (1 - correlation * correlation).squareRoot())
  }

  /// The optimal critic: ln p(xᵢ, yⱼ) / (p(xᵢ) p(yⱼ)) for all pairs of a batch, `[size, size]`.
  public func logDensityRatios(_ x: Tensor, _ y: Tensor) -> Tensor {
    let rest = 1 - correlation * correlation
    let squares = x.square().sum(1).unsqueezed(1) + y.square().sum(1).unsqueezed(0)
    return matmul(x, y.transposed()) * (correlation / rest)
      - squares * (correlation * correlation / (2 * rest)) + information
  }
}
