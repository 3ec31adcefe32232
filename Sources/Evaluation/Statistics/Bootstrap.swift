import Torch

/// An interval that covers the true value with probability `level`, as far as its method goes.
public struct ConfidenceInterval: Codable, Sendable, Equatable {
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double
  /// How often such an interval holds the true value, in 0…1.
  public let level: Double

  /// An interval of its ends.
  public init(lower: Double, upper: Double, level: Double) {
    self.lower = lower
    self.upper = upper
    self.level = level
  }

  /// Whether a value lies within, ends included.
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }
}

/// Bias-corrected and accelerated (BCa) bootstrap interval of the mean.
///
/// Efron, "Better bootstrap confidence intervals", JASA 82 (1987): percentiles of the resampled means, moved by
/// the bias correction z₀ (how far the resampled median is off) and the acceleration a (jackknife skewness).
/// - Parameters:
///   - values: at least two finite numbers, such as the paired differences over seeds.
///   - seed: the same seed gives the same interval, bit for bit.
/// - Throws: ``StatisticsError`` for fewer than two values, a number that is not finite, or a level outside (0, 1).
public func bcaInterval(
  ofMean values: [Double], level: Double = 0.95, resamples: Int = 20_000, seed: UInt64
) throws(StatisticsError) -> ConfidenceInterval {
  guard values.count > 1 else { throw .tooFewValues(needed: 2, found: values.count) }
  guard level > 0, level < 1 else { throw .outOfRange(name: "level", value: level, allowed: "within (0, 1)") }
  guard resamples > 1 else {
    throw .outOfRange(name: "resamples", value: Double(resamples), allowed: "at least 2")
  }
  try StatisticsError.requireFinite(values)

  let observed = Summary.mean(values)
  let means = resampledMeans(values, count: resamples, seed: seed).sorted()
  // Ties count half: means of few values repeat, but for the rounding of another order of summation.
  let slack = 1e-12 * values.reduce(0) { max($0, abs($1)) }
  let below = means.count { $0 < observed - slack }
  let upTo = means.count { $0 <= observed + slack }
  let bias = NormalDistribution.quantile(Double(below + upTo) / Double(2 * means.count))
  let acceleration = jackknifeAcceleration(values, mean: observed)

  func endpoint(_ tail: Double) -> Double {
    let z = bias + NormalDistribution.quantile(tail)
    let moved = NormalDistribution.cumulative(bias + z / (1 - acceleration * z))
    return percentile(sorted: means, moved.isFinite ? moved : tail)
  }
  let tail = (1 - level) / 2
  return ConfidenceInterval(lower: endpoint(tail), upper: endpoint(1 - tail), level: level)
}

private func resampledMeans(_ values: [Double], count: Int, seed: UInt64) -> [Double] {
  let stream = RandomStream(seed: seed, purpose: .bootstrap)
  let blocks = UInt64((values.count + 3) / 4)
  return (0..<count).map { resample in
    let draws = stream.uniform(values.count, position: UInt64(resample) * blocks)
    return draws.reduce(0) { $0 + values[Int(Double($1) * Double(values.count))] } / Double(values.count)
  }
}

/// Σ u³ / (6 (Σ u²)^1.5) over the jackknife's influence values; for a mean they are proportional to x − mean.
private func jackknifeAcceleration(_ values: [Double], mean: Double) -> Double {
  var (squares, cubes) = (0.0, 0.0)
  for value in values {
    let influence = value - mean
    squares += influence * influence
    cubes += influence * influence * influence
  }
  return squares > 0 ? cubes / (6 * squares * squares.squareRoot()) : 0
}

/// Linear interpolation between order statistics (type 7 of Hyndman and Fan, as numpy has it).
func percentile(sorted values: [Double], _ fraction: Double) -> Double {
  let position = min(max(fraction, 0), 1) * Double(values.count - 1)
  let index = Int(position)
  guard index + 1 < values.count else { return values[values.count - 1] }
  return values[index] + (position - Double(index)) * (values[index + 1] - values[index])
}
