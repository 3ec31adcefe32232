import Evaluation
import Foundation

/// How much selections of several runs have in common: Nogueira's index (Nogueira, Sechidis, Brown, JMLR 2018), 1 where all
/// are the same, 0 on average where they are drawn at random, with its interval.
public struct Stability: Codable, Sendable, Equatable {
  /// 1 − mean over features of s_f² / ((k̄/d)(1 − k̄/d)), s_f² the unbiased variance of feature f's being chosen.
  public let index: Double
  /// Covers the index of the whole population with 95 %, as far as its normal approximation goes.
  public let interval: ConfidenceInterval

  /// - Parameter runs: at least two selections of the same features.
  /// - Throws: ``SelectionError`` for fewer, for other numbers of features, or where all or none are chosen always.
  public init(_ runs: [FeatureSelection]) throws {
    guard let total = runs.first?.total, runs.count > 1, runs.allSatisfy({ $0.total == total }) else {
      throw SelectionError("stability needs at least two selections of the same features")
    }
    let (m, d) = (Double(runs.count), Double(total))
    var frequency = [Double](repeating: 0, count: total)
    for run in runs { for index in run.indices { frequency[index] += 1 / m } }
    let mean = frequency.reduce(0, +)
    let scale = mean / d * (1 - mean / d)
    guard scale > 1e-12 else {
      throw SelectionError("all features are chosen: there is no stability to measure")
    }
    let spread = frequency.reduce(0) { $0 + $1 * (1 - $1) } / d
    let index = 1 - m / (m - 1) * spread / scale
    // The contributions of the runs, by the delta method (the article's Theorem 7).
    let parts = runs.map { run -> Double in
      let k = Double(run.features.count)
      let agreement = run.indices.reduce(0) { $0 + frequency[$1] } / d
      return
        (agreement - k * mean / (d * d) + index / 2 * (2 * k * mean / (d * d) - k / d - mean / d + 1)) / scale
    }
    let average = parts.reduce(0, +) / m
    let variance = 4 / (m * m) * parts.reduce(0) { $0 + ($1 - average) * ($1 - average) }
    let reach = 1.959963984540054 * variance.squareRoot()
    self.index = index
    interval = ConfidenceInterval(lower: index - reach, upper: index + reach, level: 0.95)
  }
}

extension FeatureMoments {
  /// The share of the features of `selection` that `other` has, or has a close substitute of: |r| ≥ 0.9.
  public func substitutedShare(_ selection: FeatureSelection, in other: FeatureSelection) -> Double {
    substitutedShare(selection, among: other.indices)
  }

  /// The share of the features of `selection` that have a close substitute among those that were not chosen.
  public func substitutedShare(_ selection: FeatureSelection) -> Double {
    let support = selection.support
    return substitutedShare(selection, among: varying.filter { !support[$0] })
  }

  private func substitutedShare(_ selection: FeatureSelection, among others: [Int]) -> Double {
    let rows = covariance.gathered(selection.indices).doubles
    let found = selection.indices.enumerated().count { place, feature in
      others.contains { partner in
        let scale = (variances[feature] * variances[partner]).squareRoot()
        return feature == partner || scale > 0 && abs(rows[place * total + partner]) >= 0.9 * scale
      }
    }
    return Double(found) / Double(max(1, selection.indices.count))
  }
}
