import Torch

/// Means and covariances of features: all that the selectors in closed form look at. Float64 throughout, on the host, wherever
/// the samples are; the same for any number of threads.
public struct FeatureMoments: Sendable {
  /// d.
  public let total: Int
  /// `[d]`.
  public let mean: Tensor
  /// The sums of products of deviations from the mean, over n: `[d, d]`.
  public let covariance: Tensor
  /// The places of the features that are not constant.
  public let varying: [Int]
  /// The variance of each feature.
  let variances: [Double]

  /// Rows that are summed at a time: part of the arithmetic, so it is not a setting.
  private static let chunk = 1024

  /// - Parameter samples: `[n, d]`.
  public init(_ samples: Tensor, threads: Int) {
    let (n, d) = (samples.shape[0], samples.shape[1])
    let samples = samples.to(.cpu)
    let starts = Array(stride(from: 0, to: n, by: Self.chunk))
    func sums(_ body: @escaping @Sendable (Tensor) -> Tensor) -> Tensor {
      let parts =
        (try? concurrently(starts, threads: threads) { start in
          withoutGrad { body(samples[start..<min(n, start + Self.chunk)].to(.float64)) }
        }) ?? []
      return parts.dropFirst().reduce(parts[0].cloned()) {
        $0.addInPlace($1)
        return $0
      }
    }
    let mean = sums { $0.sum(0) } / Double(n)
    let covariance = sums { part in
      let centred = part - mean
      return matmul(centred.transposed(), centred)
    }
    total = d
    self.mean = mean
    let low = samples.min(0).floats, high = samples.max(0).floats
    varying = (0..<d).filter { low[$0] < high[$0] }
    var isVarying = [Double](repeating: 0, count: d)
    for feature in varying { isVarying[feature] = 1 }
    // Rounding must not make a constant feature vary.
    let keep = Tensor(isVarying, [d])
    self.covariance = covariance / Double(n) * keep * keep.unsqueezed(1)
    variances = (0..<d).map { [diagonal = self.covariance.diagonal()] in diagonal[$0] }
  }

  /// The covariance that is left once the given features have explained what they linearly can: `[d, d]`.
  func residual(_ features: [Int]) -> Tensor {
    guard !features.isEmpty else { return covariance.cloned() }
    let (rows, inverse) = inverted(features)
    return covariance - matmul(rows.transposed(), matmul(inverse, rows))
  }

  /// The rows of some features `[k, d]`, and the inverse of their covariance among themselves `[k, k]`.
  func inverted(_ features: [Int]) -> (rows: Tensor, inverse: Tensor) {
    let rows = covariance.gathered(features)
    return (rows, rows.gathered(features, 1).symmetricPseudoInverse())
  }

  /// The share of the total variance that a linear reconstruction explains more with each feature than with those before it.
  public func gains(_ features: [Int]) -> [Double] {
    var search = ColumnSearch(self)
    return features.map { search.take($0) / max(search.whole, .leastNonzeroMagnitude) }
  }

  /// The mean squared error per value of the best linear reconstruction of these data from the features.
  public func linearError(_ features: [Int]) -> Double {
    residual(features).diagonal().reduce(0, +) / Double(total)
  }
}

extension Tensor {
  /// The values on the diagonal of a square matrix.
  func diagonal() -> [Double] {
    let n = shape[0]
    return reshaped([-1]).gathered((0..<n).map { $0 * (n + 1) }).doubles
  }
}
