import Torch

/// How far two sets of samples are from each other as distributions, by features of theirs.
public enum FeatureDistances {
  /// The Fréchet distance of the Gaussians with the sets' means and covariances (n − 1 in the denominator):
  /// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½) (Dowson and Landau 1982). With features of an Inception network it is the FID
  /// (Heusel et al. 2017), with others it is not.
  ///
  /// Its bias falls with 1/n: compare sets of equal size only.
  /// - Parameters:
  ///   - first: `[count, features]`, at least 2 samples.
  ///   - second: likewise.
  public static func frechet(_ first: Tensor, _ second: Tensor) -> Double {
    withoutGrad {
      let a = Moments(first), b = Moments(second)
      let (values, vectors) = a.covariance.symmetricEigen()
      let root = matmul(vectors * values.clamped(atLeast: 0).sqrt(), vectors.transposed(0, 1))
      // Similar to Σ₁ Σ₂, and symmetric: its eigenvalues are real and not negative but for rounding.
      let product = matmul(matmul(root, b.covariance), root)
      let shared = ((product + product.transposed(0, 1)) * 0.5).symmetricEigen().values.clamped(atLeast: 0)
        .sqrt().sum()
        .item
      let means = (a.mean - b.mean).square().sum().item
      return means + a.trace + b.trace - 2 * shared
    }
  }

  private struct Moments {
    let mean: Tensor, covariance: Tensor, trace: Double

    init(_ features: Tensor) {
      let x = features.to(.float64)
      mean = x.mean(0)
      let centred = x - mean
      covariance = matmul(centred.transposed(0, 1), centred) / Double(x.shape[0] - 1)
      trace = centred.square().sum().item / Double(x.shape[0] - 1)
    }
  }

  /// What the Fréchet distance tends to as the sets grow: the intercept of a line through its values for the first samples of
  /// the first set, from a half of them to all, against one over their number (Chong and Forsyth 2020). NaN for fewer than
  /// 8 samples.
  public static func frechetOfMany(_ first: Tensor, _ second: Tensor, points: Int = 5) -> Double {
    let count = first.shape[0]
    guard count >= 8 else { return .nan }
    let sizes = (0..<points).map { count / 2 + $0 * (count - count / 2) / (points - 1) }
    let x = sizes.map { 1 / Double($0) }, y = sizes.map { frechet(first[0..<$0], second) }
    let meanX = mean(x), meanY = mean(y)
    let slope =
      zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
      / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    return meanY - slope * meanX
  }

  /// The squared maximum mean discrepancy with the kernel (x·y / features + 1)³, without the terms of a sample with itself,
  /// and therefore without bias; it can be below 0 (Bińkowski et al. 2018). With features of an Inception network it is the KID.
  ///
  /// - Parameters:
  ///   - first: `[count, features]`, at least 2 samples.
  ///   - second: likewise.
  public static func kernel(_ first: Tensor, _ second: Tensor) -> Double {
    withoutGrad {
      let x = first.to(.float64), y = second.to(.float64)
      let width = Double(x.shape[1])
      func cubed(_ a: Tensor, _ b: Tensor) -> Tensor {
        let k = matmul(a, b.transposed(0, 1)) / width + 1
        return k * k * k
      }
      func within(_ a: Tensor) -> Double {
        let own = (a.square().sum(1) / width + 1)
        let n = Double(a.shape[0])
        return (cubed(a, a).sum().item - (own * own * own).sum().item) / (n * (n - 1))
      }
      return within(x) + within(y) - 2 * cubed(x, y).mean().item
    }
  }
}
