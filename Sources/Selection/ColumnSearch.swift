import Torch

/// Looks for the feature that explains most of what is left: the residual covariance R of all features after those that were
/// taken, and Farahat's criterion ‖R_:j‖² / R_jj, the variance that feature j would explain (Farahat, Ghodsi, Kamel 2013).
struct ColumnSearch {
  /// R, `[d, d]`.
  private let residual: Tensor
  private let candidates: [Int]
  /// Below this share of its own variance nothing is left of a feature but rounding.
  private let floor: [Double]
  /// The variance of all features together.
  let whole: Double
  private(set) var taken: Set<Int> = []

  /// - Parameters:
  ///   - features: those that are taken from the beginning.
  ///   - others: those that are taken, too, and explain nothing beside them.
  init(_ moments: FeatureMoments, taking features: [Int] = [], and others: [Int] = []) {
    residual = moments.residual(features)
    candidates = moments.varying
    floor = moments.variances.map { $0 * 1e-10 }
    whole = moments.variances.reduce(0, +)
    taken = Set(features + others)
  }

  /// The feature that explains most, and how much; nil where nothing is left to explain. The first of equals.
  func best() -> (feature: Int, gain: Double)? {
    let own = residual.diagonal()
    let norms = residual.rowNorms().doubles
    var best: (feature: Int, gain: Double)?
    for j in candidates where !taken.contains(j) && own[j] > floor[j] {
      let gain = norms[j] * norms[j] / own[j]
      if gain > best?.gain ?? 0 { best = (j, gain) }
    }
    return best
  }

  /// How much a feature explains of what is left.
  func gain(_ feature: Int) -> Double {
    let row = residual.selected(0, feature).doubles
    guard row[feature] > floor[feature] else { return 0 }
    return row.reduce(0) { $0 + $1 * $1 } / row[feature]
  }

  /// Takes a feature, and with it what it explains.
  /// - Returns: how much that was.
  @discardableResult
  mutating func take(_ feature: Int) -> Double {
    taken.insert(feature)
    let row = residual.selected(0, feature).cloned()
    let values = row.doubles
    guard values[feature] > floor[feature] else { return 0 }
    residual.addOuterInPlace(row, row, scale: -1 / values[feature])
    return values.reduce(0) { $0 + $1 * $1 } / values[feature]
  }

  /// Gives a feature back: what it alone explained beside the others of `set` is left again.
  ///
  /// With P = (G_SS)⁻¹ the residual without feature c is R + b bᵀ / P_cc, b = G_:S P_:c.
  /// - Parameter set: S, all that is taken, with `feature` among them.
  mutating func giveBack(_ feature: Int, of set: [Int], _ moments: FeatureMoments) {
    guard let place = set.firstIndex(of: feature) else { return }
    let (rows, inverse) = moments.inverted(set)
    let column = inverse.selected(0, place)
    let own = column.doubles[place]
    taken.remove(feature)
    guard own > 0 else { return }
    let b = matmul(column.unsqueezed(0), rows).reshaped([-1])
    residual.addOuterInPlace(b, b, scale: 1 / own)
  }
}
