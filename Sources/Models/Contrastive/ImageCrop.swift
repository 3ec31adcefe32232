import Foundation
import Torch

/// How pixels between pixels are found.
public enum Interpolation: String, Codable, CaseIterable, Sendable {
  /// By a straight line between two.
  case bilinear
  /// By a cubic through four, with a = −½ (Keys 1981), as Pillow, torchvision and TensorFlow have it with antialiasing.
  case bicubic

  fileprivate var reach: Double { self == .bilinear ? 1 : 2 }

  fileprivate func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear: return max(0, 1 - x)
    case .bicubic:
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
    }
  }
}

/// A part of an image, in pixels.
public struct ImageBox: Equatable, Sendable {
  /// The first row.
  public var top: Int
  /// The first column.
  public var left: Int
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A box by its first row and column and its size, in pixels.
  public init(top: Int, left: Int, height: Int, width: Int) {
    (self.top, self.left, self.height, self.width) = (top, left, height, width)
  }
}

/// Parts of images brought to the size of the whole, each by two products with sparse matrices: differentiable, one call for a
/// batch, and equal to cropping and resizing with antialiasing, which for an enlargement changes nothing.
///
/// - Parameters:
///   - images: `[n, channels, height, width]`.
///   - boxes: one per image, within it.
///   - flipped: whether the result is turned left to right.
func cropped(_ images: Tensor, _ boxes: [ImageBox], flipped: [Bool], by interpolation: Interpolation)
  -> Tensor
{
  let (count, height, width) = (images.shape[0], images.shape[2], images.shape[3])
  var rows = [Float](repeating: 0, count: count * height * height)
  var columns = [Float](repeating: 0, count: count * width * width)
  for (i, box) in boxes.enumerated() {
    interpolation.forEachWeight(from: box.top, size: box.height, to: height) { target, source, weight in
      rows[(i * height + target) * height + source] = weight
    }
    interpolation.forEachWeight(from: box.left, size: box.width, to: width) { target, source, weight in
      columns[(i * width + source) * width + (flipped[i] ? width - 1 - target : target)] = weight
    }
  }
  func matrices(_ values: [Float], _ size: Int) -> Tensor {
    Tensor(values, [count, 1, size, size]).to(images.dtype).to(images.device)
  }
  return matmul(matmul(matrices(rows, height), images), matrices(columns, width))
}

extension Interpolation {
  /// The weights with which the pixels `first..<first + size` make up each of `count` pixels.
  fileprivate func forEachWeight(
    from first: Int, size: Int, to count: Int, _ body: (_ target: Int, _ source: Int, _ weight: Float) -> Void
  ) {
    let scale = Double(size) / Double(count)
    let stretch = max(1, scale)
    for target in 0..<count {
      let centre = (Double(target) + 0.5) * scale
      let low = max(0, Int(centre - reach * stretch + 0.5)),
        high = min(size, Int(centre + reach * stretch + 0.5))
      // Computed twice rather than kept: a list for each pixel costs more than the view's arithmetic.
      func share(_ source: Int) -> Double { weight((Double(source) + 0.5 - centre) / stretch) }
      var sum = 0.0
      for source in low..<high { sum += share(source) }
      for source in low..<high { body(target, first + source, Float(share(source) / sum)) }
    }
  }
}
