import Torch

/// Tells classes apart by least squares on their indicators: the plainest judge of what features know of them.
public struct LinearProbe: Sendable {
  private let weights: Tensor

  /// Added to the squares' sums, as a share of their mean, so that features that depend on each other do no harm.
  static let ridge = 1e-6

  /// - Parameters:
  ///   - samples: `[n, k]`.
  ///   - labels: a class of 0..<classes for each.
  public init(_ samples: Tensor, labels: [Int], classes: Int) {
    let x = Self.extended(samples)
    var indicators = [Double](repeating: 0, count: labels.count * classes)
    for (row, label) in labels.enumerated() { indicators[row * classes + label] = 1 }
    let squares = matmul(x.transposed(), x)
    let width = squares.shape[0]
    let diagonal = squares.diagonal()
    let load = Self.ridge * diagonal.reduce(0, +) / Double(width)
    var identity = [Double](repeating: 0, count: width * width)
    for i in 0..<width { identity[i * (width + 1)] = load }
    let inverse = (squares + Tensor(identity, [width, width])).symmetricPseudoInverse()
    weights = matmul(inverse, matmul(x.transposed(), Tensor(indicators, [labels.count, classes])))
  }

  /// The class of each sample.
  public func predict(_ samples: Tensor) -> [Int] { matmul(Self.extended(samples), weights).argmax(1).ints }

  private static func extended(_ samples: Tensor) -> Tensor {
    // On the host, since not every device has float64.
    let x = samples.flattened().to(.cpu).to(.float64)
    return concatenated([x, Tensor.full([x.shape[0], 1], 1, dtype: .float64, device: .cpu)], 1)
  }
}
