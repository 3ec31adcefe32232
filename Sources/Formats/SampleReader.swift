/// Samples of one file or folder, read in order and in constant memory where the format allows it.
public protocol SampleReader {
  /// The shape of one sample, as the file has it.
  var sampleShape: [Int] { get }
  /// The type of the elements.
  var elementType: ElementType { get }
  /// The number of samples, or nil where only reading to the end tells.
  var count: Int? { get }
  /// The next samples, at most `maximum` (≥ 1) of them, or nil at the end.
  ///
  /// - Throws: `FormatError` naming the record at which the file is damaged.
  mutating func next(_ maximum: Int) throws -> SampleBatch?
}

/// Some samples that follow each other in a file.
public struct SampleBatch: Sendable, Equatable {
  /// `[samples] + sampleShape`.
  public let values: HostArray
  /// The class of each sample, where the file has it.
  public let labels: [Int]?

  /// A batch of samples, with their labels where there are any.
  public init(values: HostArray, labels: [Int]? = nil) {
    self.values = values
    self.labels = labels
  }
}

extension SampleReader {
  /// All that is left, as one batch.
  ///
  /// - Parameter limit: at most this many samples.
  /// - Throws: `FormatError` as `next` does.
  public mutating func readAll(limit: Int = .max) throws -> SampleBatch {
    var bytes: [UInt8] = []
    var labels: [Int]?
    var read = 0
    while read < limit, let batch = try next(min(limit - read, 4096)) {
      bytes += batch.values.bytes
      if let some = batch.labels { labels = (labels ?? []) + some }
      read += batch.values.shape[0]
    }
    return SampleBatch(
      values: HostArray(bytes: bytes, shape: [read] + sampleShape, elementType: elementType), labels: labels)
  }
}
