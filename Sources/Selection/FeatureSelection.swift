import Formats
import Torch

/// Features that were chosen of all that samples have, in the order of their rank: what a fitted selector is in
/// scikit-learn, whose words are ``support`` (`get_support()`), ``indices`` (`get_support(indices=True)`), ``transform(_:)``
/// and ``names`` (`get_feature_names_out`); `inverse_transform` is the decoder's, a `FeatureAutoencoder`.
public struct FeatureSelection: Sendable, Equatable {
  /// One chosen feature.
  public struct Feature: Codable, Sendable, Equatable {
    /// Its place among all features, from 0.
    public var index: Int
    /// Its name in the data.
    public var name: String
    /// From 1.
    public var rank: Int
    /// The share of the training data's variance that a linear reconstruction explains more with it, after those of
    /// smaller rank; in [0, 1]. Nil where nothing was measured.
    public var gain: Double?
  }

  /// What chose them.
  public let method: String
  /// The number of features of a sample.
  public let total: Int
  /// The chosen ones, the best first.
  public let features: [Feature]

  /// - Throws: ``SelectionError`` where a place is chosen twice, lies outside, or none is chosen.
  public init(method: String, indices: [Int], gains: [Double]? = nil, total: Int, names: [String] = []) throws
  {
    guard !indices.isEmpty else { throw SelectionError("no feature is chosen") }
    var seen: Set<Int> = []
    for index in indices {
      guard 0..<total ~= index else {
        throw SelectionError("feature \(index) is chosen of \(total): places count from 0 to \(total - 1)")
      }
      guard seen.insert(index).inserted else { throw SelectionError("feature \(index) is chosen twice") }
    }
    self.method = method
    self.total = total
    features = indices.enumerated().map { rank, index in
      Feature(
        index: index, name: names.count == total ? names[index] : "\(index)", rank: rank + 1,
        gain: gains.map { $0[rank] })
    }
  }

  /// The places in the order of their rank.
  public var indices: [Int] { features.map(\.index) }
  /// Whether each feature is chosen, `total` values.
  public var support: [Bool] {
    var support = [Bool](repeating: false, count: total)
    for feature in features { support[feature.index] = true }
    return support
  }
  /// The chosen features' names in the order of their places.
  public var names: [String] { features.sorted { $0.index < $1.index }.map(\.name) }

  /// The chosen features of samples in the order of their places: `[n, …]` of `total` values each → `[n, k]`.
  public func transform(_ samples: Tensor) -> Tensor { samples.flattened().gathered(indices.sorted(), 1) }

  /// Which of these features another selection has, too.
  public func shared(with other: FeatureSelection) -> [Int] {
    let others = Set(other.indices)
    return indices.filter(others.contains)
  }
}

/// Why features cannot be chosen or a choice not be used, in one line.
public struct SelectionError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error with its text.
  public init(_ description: String) { self.description = description }
}
