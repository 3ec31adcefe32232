import Foundation
import MutualInformation
import Torch

/// Per-sample MINE held against the information that its K views really carry.
///
/// Gaussian projections of two vectors with the cosine ρ are pairs of standard normal numbers with the correlation ρ,
/// whatever the vectors; so the views are drawn as such pairs, d′ coordinates each, and
/// I = −(d′/2) ln(1 − ρ²) is what they carry.
public enum PerSampleBenchmark {
  /// What is measured.
  public struct Setting: Codable, Hashable, Sendable {
    /// ρ.
    public var cosine: Double
    /// d′.
    public var dimensions: Int
    /// K.
    public var views: Int
    /// Adam's learning rate.
    public var learningRate: Float
    /// After how many steps of training the bound is read, ascending.
    public var steps: [Int]
    /// Independent samples, each with views and a network of its own.
    public var samples: Int

    /// A setting of its parts.
    public init(
      cosine: Double, dimensions: Int, views: Int, learningRate: Float, steps: [Int], samples: Int
    ) {
      self.cosine = cosine
      self.dimensions = dimensions
      self.views = views
      self.learningRate = learningRate
      self.steps = steps
      self.samples = samples
    }

    /// −(d′/2) ln(1 − ρ²), nats.
    public var truth: Double { -0.5 * Double(dimensions) * log(1 - cosine * cosine) }
  }

  /// The bound after some steps, over samples.
  public struct Reading: Codable, Sendable {
    /// Steps of the training so far.
    public let steps: Int
    /// On the views that the network was trained on: what a solver sees.
    public let ownViews: Distribution
    /// On views that it has not seen.
    public let freshViews: Distribution
  }

  /// What was measured at one setting.
  public struct Entry: Codable, Sendable {
    /// The setting.
    public let setting: Setting
    /// The Donsker-Varadhan bound of the same views with the optimal critic, a random permutation for the marginals.
    public let optimal: Distribution
    /// The readings, in the order of the steps.
    public let trained: [Reading]
  }

  /// - Throws: `MINEError` for a learning rate out of range, ``StatisticsError`` for an estimate that is not finite.
  public static func measure(_ setting: Setting, seed: UInt64) throws -> Entry {
    let indices = Array(0..<setting.samples)
    let (x, y) = views(setting, seed: seed, purpose: .views)
    let (freshX, freshY) = views(setting, seed: seed, purpose: .freshViews)
    let estimator = try MINE.estimator(
      MINE.Configuration(learningRate: setting.learningRate), views: setting.views,
      viewShape: [setting.dimensions], seed: seed, indices: indices, device: .cpu)
    var taken = 0
    let trained = try setting.steps.map { steps in
      let own = estimator.advance(x, y, steps: steps - taken).values
      let fresh = estimator.advance(freshX, freshY, steps: 0).values
      taken = steps
      return Reading(
        steps: steps, ownViews: try distribution(own), freshViews: try distribution(fresh))
    }
    return Entry(
      setting: setting, optimal: try distribution(optimalBound(x, y, setting, seed: seed)), trained: trained)
  }

  /// mean_k ln r(x_k, y_k) − ln mean_k r(x_k, y_π(k)) `[samples]`, r the density ratio.
  private static func optimalBound(_ x: Tensor, _ y: Tensor, _ setting: Setting, seed: UInt64) -> Tensor {
    let rest = 1 - setting.cosine * setting.cosine
    func logRatio(_ x: Tensor, _ y: Tensor) -> Tensor {
      let squares = (x.square() + y.square()) * (setting.cosine * setting.cosine / (2 * rest))
      return (x * y * (setting.cosine / rest) - squares).sum(2) + setting.truth
    }
    let partners = (0..<setting.samples).map { sample -> Tensor in
      let stream = RandomStream(seed: seed, purpose: .partnersOfViews, index: sample)
      return y[sample].gathered(stream.permutation(setting.views))
    }
    let marginal = logRatio(x, stacked(partners)).logSumExp(1) - log(Double(setting.views))
    return logRatio(x, y).mean(1) - marginal
  }

  /// u and ρu + √(1 − ρ²) w, `[samples, K, d′]` each, from each sample's own stream.
  private static func views(
    _ setting: Setting, seed: UInt64, purpose: RandomStream.Purpose
  ) -> (Tensor, Tensor) {
    let count = setting.views * setting.dimensions
    let pairs = (0..<setting.samples).map { sample in
      Tensor(
        RandomStream(seed: seed, purpose: purpose, index: sample).normal(2 * count),
        [2, setting.views, setting.dimensions])
    }
    let both = stacked(pairs, 1)
    let noise = (1 - setting.cosine * setting.cosine).squareRoot()
    return (both[0].contiguous(), (both[0] * setting.cosine + both[1] * noise).contiguous())
  }

  private static func distribution(_ values: Tensor) throws(StatisticsError) -> Distribution {
    let values = values.floats.map(Double.init)
    try StatisticsError.requireFinite(values)
    guard let distribution = Distribution(values) else { throw .tooFewValues(needed: 1, found: 0) }
    return distribution
  }
}
