import Torch

/// Tells classes apart by logistic regression on embeddings, which are standardised by their own mean and deviation: what a
/// linear head can make of a frozen encoder.
///
/// The weights, not the biases, are penalised by ½ ‖W‖² against the sum of the losses, as in scikit-learn's default.
public struct LogisticProbe: Sendable {
  private let mean: Tensor
  private let deviation: Tensor
  private let weights: Tensor

  /// - Parameters:
  ///   - embeddings: `[n, d]`.
  ///   - labels: a class of 0..<classes for each.
  ///   - tolerance: the largest element of the gradient that is left.
  /// - Throws: ``MeasureError`` where there is nothing to tell apart.
  public init(
    _ embeddings: Tensor, labels: [Int], classes: Int, tolerance: Double = 1e-6
  ) throws {
    try checkClasses(labels, classes, count: embeddings.shape[0])
    let x = embeddings.to(.float64)
    let mean = x.mean(0, keepDimensions: true)
    let spread = (x - mean).square().mean(0, keepDimensions: true).sqrt()
    let one = Tensor.full([], 1, dtype: .float64, device: x.device)
    // A value that never changes says nothing, and is not blown up to say something.
    let deviation = `where`(spread .> 1e-9, spread, one)
    let inputs = (x - mean) / deviation
    let (count, width) = (x.shape[0], x.shape[1])
    let truth = Tensor(labels, [count]).to(x.device)
    let found = try LimitedMemoryBFGS(tolerance: tolerance).minimum(
      from: Tensor.zeros([classes * (width + 1)], dtype: .float64, device: x.device)
    ) { flat in
      let (w, b) = Self.parts(flat, classes, width)
      return crossEntropy(linear(inputs, w, b), truth) + w.square().sum() / (2 * Double(count))
    }
    self.mean = mean
    self.deviation = deviation
    weights = found.reshaped([classes, width + 1])
  }

  private static func parts(_ flat: Tensor, _ classes: Int, _ width: Int) -> (Tensor, Tensor) {
    let all = flat.reshaped([classes, width + 1])
    return (all.sliced(1, 0..<width), all.selected(1, width))
  }

  /// Differentiable logits `[m, classes]` of embeddings `[m, d]`, in their own precision.
  public func logits(_ embeddings: Tensor) -> Tensor {
    let (w, b) = Self.parts(weights.reshaped([-1]), weights.shape[0], weights.shape[1] - 1)
    let type = embeddings.dtype
    return linear((embeddings - mean.to(type)) / deviation.to(type), w.to(type), b.to(type))
  }

  /// The class of each of the embeddings `[m, d]`.
  public func predict(_ embeddings: Tensor) -> [Int] {
    withoutGrad { logits(embeddings.to(.float64)).argmax(1).ints }
  }
}
