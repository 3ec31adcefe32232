import Foundation

/// SSIM of Wang, Bovik, Sheikh and Simoncelli (IEEE Trans. Image Processing 13, 2004): the mean over all windows that lie
/// within the image, and over channels, of the likeness in luminance, contrast and structure; differentiable.
///
/// The window is their 11×11 Gaussian with σ = 1.5; in a smaller image it shrinks to the largest odd size that fits, σ in
/// proportion. K₁ = 0.01, K₂ = 0.03, values in [0, 1], population (co)variances.
public struct StructuralSimilarity: Sendable {
  /// `[channels, height, width]`.
  public let shape: [Int]
  /// The windows' Gaussian, which is that of the rows times that of the columns, at each place: `[places, height]` and
  /// `[places, width]`. Two products with them take a hundredth of the memory of a convolution in double precision.
  private let rows: [[Double]]
  private let columns: [[Double]]

  /// - Parameter shape: `[height, width]` or `[channels, height, width]`; nil is returned for anything else, or a side below 3.
  public init?(shape: [Int]) {
    guard shape.count == 2 || shape.count == 3, shape.allSatisfy({ $0 > 0 }) else { return nil }
    self.shape = shape.count == 3 ? shape : [1] + shape
    let fitting = min(11, self.shape[1], self.shape[2])
    guard fitting >= 3 else { return nil }
    let side = fitting % 2 == 1 ? fitting : fitting - 1
    let sigma = 1.5 * Double(side) / 11, middle = side / 2
    let bell = (0..<side).map { exp(-pow(Double($0 - middle) / sigma, 2) / 2) }
    let total = bell.reduce(0, +)
    func places(_ size: Int) -> [[Double]] {
      (0...size - side).map { place in
        (0..<size).map { place..<place + side ~= $0 ? bell[$0 - place] / total : 0 }
      }
    }
    rows = places(self.shape[1])
    columns = places(self.shape[2])
  }

  /// 1 for equal images, near 0 (or below) for unrelated ones: `[batch] + shape` twice → `[batch]`.
  public func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor {
    let batch = x.shape[0]
    func matrix(_ places: [[Double]]) -> Tensor {
      Tensor(Array(places.joined()), [places.count, places[0].count]).to(x.dtype).to(x.device)
    }
    let rows = matrix(self.rows), columns = matrix(self.columns).transposed()
    func filtered(_ image: Tensor) -> Tensor {
      matmul(rows, matmul(image.reshaped([batch * shape[0], shape[1], shape[2]]), columns))
    }
    let meanX = filtered(x), meanY = filtered(y)
    let cross = meanX * meanY, squares = meanX.square() + meanY.square()
    let covariance = filtered(x * y) - cross
    let variances = filtered(x.square()) + filtered(y.square()) - squares
    let c1 = 0.01 * 0.01, c2 = 0.03 * 0.03
    let likeness = (cross * 2 + c1) * (covariance * 2 + c2) / ((squares + c1) * (variances + c2))
    return likeness.reshaped([batch, likeness.count / batch]).mean(1)
  }
}
