import Foundation

/// SSIM of Wang, Bovik, Sheikh and Simoncelli (IEEE Trans. Image Processing 13, 2004): the mean over all windows that lie
/// within the image, and over channels, of the likeness in luminance, contrast and structure; differentiable.
///
/// The window is their 11×11 Gaussian with σ = 1.5; in a smaller image it shrinks to the largest odd size that fits, σ in
/// proportion. K₁ = 0.01, K₂ = 0.03, values in [0, 1], population (co)variances.
public struct StructuralSimilarity: Sendable {
  /// `[channels, height, width]`.
  public let shape: [Int]
  private let side: Int
  private let weights: [Double]

  /// - Parameter shape: `[height, width]` or `[channels, height, width]`; nil is returned for anything else, or a side below 3.
  public init?(shape: [Int]) {
    guard shape.count == 2 || shape.count == 3, shape.allSatisfy({ $0 > 0 }) else { return nil }
    self.shape = shape.count == 3 ? shape : [1] + shape
    let fitting = min(11, self.shape[1], self.shape[2])
    guard fitting >= 3 else { return nil }
    side = fitting % 2 == 1 ? fitting : fitting - 1
    let sigma = 1.5 * Double(side) / 11, middle = side / 2
    let bell = (0..<side).map { exp(-pow(Double($0 - middle) / sigma, 2) / 2) }
    let total = bell.reduce(0, +)
    weights = bell.flatMap { row in bell.map { row * $0 / (total * total) } }
  }

  /// 1 for equal images, near 0 (or below) for unrelated ones: `[batch] + shape` twice → `[batch]`.
  public func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor {
    let batch = x.shape[0]
    let window = Tensor(weights, [1, 1, side, side]).to(x.dtype).to(x.device)
    func filtered(_ image: Tensor) -> Tensor {
      conv2d(image.reshaped([batch * shape[0], 1, shape[1], shape[2]]), window)
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
