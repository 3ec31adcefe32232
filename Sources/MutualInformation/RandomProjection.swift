import Torch

/// K random compressions of a sample: M_k x with M_k `[D, d]` of i.i.d. N(0, 1/D) entries, each view standardised to mean
/// 0 and variance 1 over its D values. The matrices are drawn once and shared by all samples, so that all views of a
/// group are one matrix product.
///
/// The paper's Table 2 has K = 96; the authors' code has K = 500 and D = 128.
public struct RandomProjection: SampleViews {
  public let count: Int
  public let viewShape: [Int]
  /// M_k less the mean of its rows, one under the other `[K · D, d]`: views come out centred.
  private let matrix: Tensor

  /// - Parameters:
  ///   - count: K.
  ///   - dimension: D.
  ///   - sampleSize: d, the number of values of a sample.
  ///   - seed: the run's.
  public init(count: Int = 96, dimension: Int = 128, sampleSize: Int, seed: UInt64, device: Device) {
    precondition(
      count >= 1 && dimension >= 1 && sampleSize >= 1,
      "a projection needs views and values: \(count) of \(dimension), from \(sampleSize)")
    self.count = count
    viewShape = [dimension]
    // One stream a view: a view's matrix does not depend on how many there are.
    let scale = 1 / Float(dimension).squareRoot()
    let matrices = (0..<count).map { view in
      let stream = RandomStream(seed: seed, purpose: .projection, index: view)
      let entries = Tensor(
        stream.normal(dimension * sampleSize).map { $0 * scale }, [dimension, sampleSize])
      return entries - entries.mean(0, keepDimensions: true)
    }
    matrix = concatenated(matrices).to(device)
  }

  /// Added to the variance, so that views of a constant zero sample are zero.
  private static let smallest = 1e-12

  public func withPullback(_ samples: Tensor) -> (views: Tensor, pullback: (Tensor) -> Tensor) {
    withoutGrad {
      // With the large factor first the product takes two thirds of the time.
      let centred = matmul(matrix, samples.flattened().transposed()).transposed().contiguous()
        .reshaped([samples.shape[0], count, -1])
      let deviation = (centred.square().mean(2, keepDimensions: true) + Self.smallest).sqrt()
      let views = centred / deviation
      return (
        views,
        { gradient in
          withoutGrad {
            // z = u / σ with mean u = 0: ∂/∂u = (g − z · mean(g z)) / σ; the matrix takes no notice of mean g.
            let along = views * (gradient * views).mean(2, keepDimensions: true)
            let inner = (gradient - along) / deviation
            return matmul(inner.flattened(), matrix).reshaped(samples.shape)
          }
        }
      )
    }
  }
}
