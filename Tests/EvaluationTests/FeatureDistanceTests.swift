import Evaluation
import Foundation
import Testing
import Torch

/// Distances of sets by their features, held to closed forms.
@Suite struct FeatureDistanceTests {
  static let corners = Tensor([0, 0, 1, 0, 0, 1, 1, 1] as [Double], [4, 2])

  /// A shift by (1, 1) of a square's corners, and a set with another covariance: values by hand.
  @Test func closedFormsOfFewPoints() {
    let shifted = Self.corners + 1
    let other = Tensor([0, 0, 2, 0, 0, 2, 2, 4] as [Double], [4, 2])
    #expect(abs(FeatureDistances.frechet(Self.corners, shifted) - 2) < 1e-6)
    #expect(abs(FeatureDistances.kernel(Self.corners, shifted) - 22.864583) < 1e-6)
    #expect(abs(FeatureDistances.frechet(Self.corners, other) - 3.4111719) < 1e-6)
    #expect(abs(FeatureDistances.kernel(Self.corners, other) - 10.2916667) < 1e-6)
    #expect(abs(FeatureDistances.kernel(Self.corners, Self.corners) + 1.0729167) < 1e-6)
    #expect(abs(FeatureDistances.frechet(Self.corners, Self.corners)) < 1e-9)
  }

  /// Independent features: Σ (μ₁ − μ₂)² + (σ₁ − σ₂)².
  @Test(arguments: [UInt64(1), 2])
  func gaussiansHaveTheDistanceOfTheirMoments(_ seed: UInt64) {
    let count = 4000, width = 5
    func drawn(_ index: Int, scale: Double, shift: Double) -> Tensor {
      let values = RandomStream(seed: seed, purpose: .correlatedGaussians, index: index).normal(count * width)
      return Tensor(values, [count, width]) * scale + shift
    }
    let found = FeatureDistances.frechet(drawn(0, scale: 1, shift: 0), drawn(1, scale: 2, shift: 0.5))
    #expect(abs(found - Double(width) * (1 + 0.25)) < 0.3, "\(found)")
  }

  /// Of equal distributions the distance of few samples is large; its limit is not, and the kernel's has no bias.
  @Test func theBiasOfFewSamplesIsSeen() {
    func drawn(_ index: Int, _ count: Int) -> Tensor {
      Tensor(
        RandomStream(seed: 3, purpose: .correlatedGaussians, index: index).normal(count * 32), [count, 32])
    }
    let few = drawn(0, 256), many = drawn(1, 8000)
    let biased = FeatureDistances.frechet(few, many), limit = FeatureDistances.frechetOfMany(few, many)
    #expect(biased > 0.5 && abs(limit) < 0.4 * biased, "\(biased), \(limit)")
    #expect(abs(FeatureDistances.kernel(few, many)) < 0.05)
    #expect(FeatureDistances.frechetOfMany(few[0..<6], many).isNaN)
  }

  /// statsmodels.stats.proportion.proportion_confint(…, method='wilson').
  @Test(arguments: [
    (0, 10, 0.0, 0.2775327998628892), (10, 10, 0.7224672001371107, 1.0),
    (3, 20, 0.052368745896216595, 0.36041886474075696),
  ])
  func wilsonsIntervalIsThatOfStatsmodels(_ count: Int, _ trials: Int, _ lower: Double, _ upper: Double) {
    let interval = wilsonInterval(count, of: trials)
    #expect(abs(interval.lower - lower) < 1e-6 && abs(interval.upper - upper) < 1e-6, "\(interval)")
    #expect(wilsonInterval(0, of: 0).upper == 1)
  }
}
