import Torch

/// The best affine reconstruction of all features from chosen ones, fitted by least squares: x ≈ μ + (x_S − μ_S) B.
public struct LinearReconstruction: Sendable {
  private let features: [Int]
  private let mean: Tensor
  private let weights: Tensor

  /// - Parameter moments: of the samples to fit on.
  public init(_ moments: FeatureMoments, features: [Int]) {
    self.features = features
    mean = moments.mean
    let (rows, inverse) = moments.inverted(features)
    weights = matmul(inverse, rows)
  }

  /// Samples `[n, …]` rebuilt, float64 `[n, d]` on the host.
  public func callAsFunction(_ samples: Tensor) -> Tensor {
    let x = samples.to(.cpu).flattened().to(.float64)
    return mean + matmul((x - mean).gathered(features, 1), weights)
  }

  /// The mean squared error per value.
  public func error(_ samples: Tensor) -> Double {
    let n = samples.shape[0]
    var sum = 0.0
    for start in stride(from: 0, to: n, by: 4096) {
      let part = samples[start..<min(n, start + 4096)].to(.cpu)
      sum += withoutGrad { (self(part) - part.flattened().to(.float64)).square().sum().item }
    }
    return sum / Double(samples.count)
  }
}
