/// Samples in memory, every value in [0, 1].
public struct Samples: Sendable, Equatable {
  /// Of one sample: `[channels, height, width]` for images, `[features]` for rows of a table.
  public let shape: [Int]
  /// `count × elementCount` values, one sample after the other, each in row-major order.
  public let values: [Float]
  /// The class of each sample, from 0, where the set has classes.
  public let labels: [Int]?
  /// The number of samples.
  public let count: Int

  /// - Precondition: `values` is a whole number of samples, and `labels`, if any, has one each.
  public init(shape: [Int], values: [Float], labels: [Int]? = nil) {
    let size = shape.reduce(1, *)
    precondition(size > 0, "samples of shape \(shape) have no values")
    precondition(values.count % size == 0, "\(values.count) values are not whole samples of shape \(shape)")
    let count = values.count / size
    precondition(
      labels.map { $0.count == count } ?? true, "\(labels?.count ?? 0) labels for \(count) samples")
    self.count = count
    self.shape = shape
    self.values = values
    self.labels = labels
  }

  /// The number of values in one sample.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Whether all samples are the same, so that there is nothing to learn of them.
  package var isConstant: Bool {
    let size = elementCount
    return count > 0 && values.indices.allSatisfy { values[$0] == values[$0 % size] }
  }

  /// The samples in a range of indices within `0..<count`.
  public subscript(range: Range<Int>) -> Samples {
    Samples(
      shape: shape, values: Array(values[range.lowerBound * elementCount..<range.upperBound * elementCount]),
      labels: labels.map { Array($0[range]) })
  }

  /// The first samples, at most `count` of them.
  public func prefix(_ count: Int) -> Samples {
    count >= self.count ? self : self[0..<max(0, count)]
  }

  /// The samples with these indices, in this order; an index may come more than once.
  public func selecting(_ indices: [Int]) -> Samples {
    var selected: [Float] = []
    selected.reserveCapacity(indices.count * elementCount)
    for index in indices { selected += values[index * elementCount..<(index + 1) * elementCount] }
    return Samples(shape: shape, values: selected, labels: labels.map { all in indices.map { all[$0] } })
  }
}
