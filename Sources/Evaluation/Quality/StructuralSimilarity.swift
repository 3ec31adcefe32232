import Foundation

/// SSIM of Wang, Bovik, Sheikh and Simoncelli (IEEE Trans. Image Processing 13, 2004): mean over all windows that
/// lie within the image, and over channels, of the likeness in luminance, contrast and structure.
///
/// The window is their 11×11 Gaussian with σ = 1.5; in a smaller image it shrinks to the largest odd size that fits,
/// σ in proportion. K₁ = 0.01, K₂ = 0.03, population (co)variances.
public struct StructuralSimilarity: Sendable {
  public let channels: Int
  public let height: Int
  public let width: Int
  private let weights: [Double]
  private let c1: Double
  private let c2: Double

  /// - Parameter shape: [H, W] or [C, H, W]; nil is returned for anything else, or a side below 3.
  public init?(shape: [Int], dataRange: Double = 1) {
    guard shape.count == 2 || shape.count == 3, shape.allSatisfy({ $0 > 0 }) else { return nil }
    channels = shape.count == 3 ? shape[0] : 1
    height = shape[shape.count - 2]
    width = shape[shape.count - 1]
    let side = min(11, height, width)
    guard side >= 3 else { return nil }
    weights = Self.gaussian(size: side % 2 == 1 ? side : side - 1)
    c1 = (0.01 * dataRange) * (0.01 * dataRange)
    c2 = (0.03 * dataRange) * (0.03 * dataRange)
  }

  /// 1 for equal images, near 0 (or below) for unrelated ones. Both of this measure's shape, row by row.
  public func callAsFunction(_ first: ArraySlice<Float>, _ second: ArraySlice<Float>) -> Double {
    let plane = height * width
    let total = (0..<channels).reduce(0.0) { sum, channel in
      let x = first.dropFirst(channel * plane).prefix(plane).map(Double.init)
      let y = second.dropFirst(channel * plane).prefix(plane).map(Double.init)
      return sum + similarity(x, y)
    }
    return total / Double(channels)
  }

  private func similarity(_ x: [Double], _ y: [Double]) -> Double {
    let meanX = filtered(x)
    let meanY = filtered(y)
    let squareX = filtered(zip(x, x).map(*))
    let squareY = filtered(zip(y, y).map(*))
    let cross = filtered(zip(x, y).map(*))
    var sum = 0.0
    for i in meanX.indices {
      let (mx, my) = (meanX[i], meanY[i])
      let covariance = cross[i] - mx * my
      let variances = squareX[i] - mx * mx + squareY[i] - my * my
      sum += (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (variances + c2))
    }
    return sum / Double(meanX.count)
  }

  /// Separable filter, windows within the image only: H×W → (H−k+1)×(W−k+1).
  private func filtered(_ plane: [Double]) -> [Double] {
    let size = weights.count
    let (outHeight, outWidth) = (height - size + 1, width - size + 1)
    var rows = [Double](repeating: 0, count: height * outWidth)
    for y in 0..<height {
      for x in 0..<outWidth {
        var sum = 0.0
        for k in 0..<size { sum += weights[k] * plane[y * width + x + k] }
        rows[y * outWidth + x] = sum
      }
    }
    var result = [Double](repeating: 0, count: outHeight * outWidth)
    for y in 0..<outHeight {
      for x in 0..<outWidth {
        var sum = 0.0
        for k in 0..<size { sum += weights[k] * rows[(y + k) * outWidth + x] }
        result[y * outWidth + x] = sum
      }
    }
    return result
  }

  private static func gaussian(size: Int) -> [Double] {
    let sigma = 1.5 * Double(size) / 11
    let raw = (0..<size).map { index in
      let offset = Double(index - size / 2)
      return exp(-offset * offset / (2 * sigma * sigma))
    }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total }
  }
}
