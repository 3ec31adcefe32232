// Sums, means, extremes and norms. Dimensions count from 0; negative ones from the end.

extension Tensor {
  private func reduce(_ op: Operator, _ dimensions: [Int], _ keep: Bool) -> Tensor {
    op.tensor([.tensor(self), .ints(dimensions), .bool(keep)])
  }

  /// The sum of all elements, without dimensions.
  public func sum() -> Tensor { Op.sum.tensor([.tensor(self)]) }
  /// Sums along dimensions; negative ones count from the last.
  public func sum(_ dimensions: Int..., keepDimensions: Bool = false) -> Tensor {
    reduce(Op.sumDim, dimensions, keepDimensions)
  }
  /// The mean of all elements, without dimensions.
  public func mean() -> Tensor { Op.mean.tensor([.tensor(self)]) }
  /// Means along dimensions; negative ones count from the last.
  public func mean(_ dimensions: Int..., keepDimensions: Bool = false) -> Tensor {
    reduce(Op.meanDim, dimensions, keepDimensions)
  }
  /// The largest values along a dimension.
  public func max(_ dimension: Int, keepDimensions: Bool = false) -> Tensor {
    reduce(Op.amax, [dimension], keepDimensions)
  }
  /// The smallest values along a dimension.
  public func min(_ dimension: Int, keepDimensions: Bool = false) -> Tensor {
    reduce(Op.amin, [dimension], keepDimensions)
  }
  /// The index of the largest element.
  public func argmax(_ dimension: Int) -> Tensor { Op.argmax.tensor([.tensor(self), .int(dimension)]) }
  /// The elements in order along a dimension, the largest first; differentiable.
  public func sorted(_ dimension: Int, descending: Bool = true) -> Tensor {
    Op.sort.tensor([.tensor(self), .int(dimension), .bool(descending)])
  }
  /// log Σ exp along a dimension, without overflow.
  public func logSumExp(_ dimension: Int, keepDimensions: Bool = false) -> Tensor {
    reduce(Op.logsumexp, [dimension], keepDimensions)
  }
  /// eˣ divided by the sum of it along a dimension.
  public func softmax(_ dimension: Int) -> Tensor { Op.softmax.tensor([.tensor(self), .int(dimension)]) }
  /// The logarithm of ``softmax(_:)``, without its rounding.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    Op.logSoftmax.tensor([.tensor(self), .int(dimension)])
  }

  /// The Euclidean norm of each sample, `[batch, …]` → `[batch]`, differentiable (0 at the zero vector).
  public func sampleNorms() -> Tensor {
    Op.norm.tensor([.tensor(flattened()), .int(2), .ints([1])])
  }

  /// As ``sampleNorms()``, scaled inside so that the squares of tiny values do not underflow; not differentiable.
  public func scaledSampleNorms() -> Tensor {
    let flat = flattened()
    let largest = flat.abs().max(1, keepDimensions: true).detached().clamped(atLeast: 1e-30)
    return (flat / largest).square().sum(1).sqrt() * largest.reshaped([-1])
  }
}
