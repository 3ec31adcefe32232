import Foundation
import MutualInformation
import Torch

/// How a per-sample critic orders pairs (x, x′) whose information is known.
public struct CriticRanking: Codable, Sendable {
  /// Spearman's rank correlation between what the critic reads and the truth.
  public struct Correlation: Codable, Sendable {
    /// The kind of pair, or nil for all.
    public let kind: String?
    /// How many pairs were compared.
    public let pairs: Int
    /// Spearman's coefficient, in −1…1.
    public let coefficient: Double
    /// 95 %, by Fisher's transformation with the variance of Bonett and Wright (2000).
    public let interval: ConfidenceInterval
  }

  /// What was read at one number of steps.
  public struct Reading: Codable, Sendable {
    /// Steps of training that the networks had had; 0 for a statistic that needs none.
    public let steps: Int
    /// One value a pair, in nats.
    public let values: [Double]
    /// How the readings agree with the truth.
    public let correlations: [Correlation]
  }

  /// What tables call it.
  public let name: String
  /// What each pair is.
  public let kinds: [String]
  /// −(D/2) ln(1 − cos²(x, x′)) of each pair, the information of one view of D values, nats.
  public let truth: [Double]
  /// The readings, in the order of the steps.
  public let readings: [Reading]

  /// - Parameters:
  ///   - readings: by the number of steps, one value a pair.
  /// - Throws: ``StatisticsError`` for lists of unequal length or values that are not finite.
  public init(name: String, kinds: [String], truth: [Double], readings: [(steps: Int, values: [Double])])
    throws
  {
    self.name = name
    self.kinds = kinds
    self.truth = truth
    let groups = [nil] + Set(kinds).sorted().map(Optional.some)
    self.readings = try readings.map { steps, values in
      let correlations = try groups.map { kind in
        let chosen = kinds.indices.filter { kind == nil || kinds[$0] == kind }
        let coefficient = try spearmanCorrelation(chosen.map { truth[$0] }, chosen.map { values[$0] })
        return Correlation(
          kind: kind, pairs: chosen.count, coefficient: coefficient,
          interval: Self.interval(coefficient, count: chosen.count))
      }
      return Reading(steps: steps, values: values, correlations: correlations)
    }
  }

  /// What the critics of a group of pairs read after some steps of training, one value a pair.
  public struct Readings: Sendable {
    /// As a solver sees it: with the one permutation of the marginal pairs that goes with the step.
    public let single: [Double]
    /// The mean of that and of the readings after each of the next steps, with permutations of their own.
    public let mean: [Double]
  }

  /// Further readings in ``Readings/mean``, one step of training apart.
  public static let furtherReadings = 15

  /// Trains the critics of a group of pairs and reads them after each number of steps.
  ///
  /// - Parameters:
  ///   - firstIndex: the index of the first pair, which with the seed decides its draws.
  ///   - steps: ascending, more than ``furtherReadings`` apart.
  /// - Throws: `MINEError` for a configuration that makes no sense.
  public static func read(
    _ originals: Tensor, _ perturbed: Tensor, firstIndex: Int, views: any SampleViews,
    configuration: MINE.Configuration, steps: [Int], seed: UInt64
  ) throws -> [Readings] {
    let x = views(originals).contiguous(), y = views(perturbed).contiguous()
    let estimator = try MINE.estimator(
      configuration, views: views.count, viewShape: views.viewShape, seed: seed,
      indices: (0..<originals.shape[0]).map { firstIndex + $0 }, device: originals.device)
    var taken = 0
    return steps.map { count in
      defer { taken = count + furtherReadings }
      let single = estimator.advance(x, y, steps: count - taken).values
      let further = (0..<furtherReadings).map { _ in estimator.advance(x, y, steps: 1).values }
      let mean = stacked([single] + further).mean(0)
      return Readings(single: single.floats.map(Double.init), mean: mean.floats.map(Double.init))
    }
  }

  /// −(D/2) ln(1 − r²) with r the correlation of all values of the standardised views of x and of x′: the closed form
  /// with the views' own estimate of the cosine, no critic.
  public static func plugIn(_ originals: Tensor, _ perturbed: Tensor, views: RandomProjection) -> [Double] {
    let r = (views(originals) * views(perturbed)).mean(1, 2).floats.map(Double.init)
    return r.map { -0.5 * Double(views.dimension) * log(max(1e-12, 1 - $0 * $0)) }
  }

  private static func interval(_ r: Double, count: Int) -> ConfidenceInterval {
    let z = atanh(min(1 - 1e-12, max(1e-12 - 1, r)))
    let half = 1.96 * ((1 + r * r / 2) / Double(max(1, count - 3))).squareRoot()
    return ConfidenceInterval(lower: min(r, tanh(z - half)), upper: max(r, tanh(z + half)), level: 0.95)
  }
}
