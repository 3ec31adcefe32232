import Models
import Torch

/// The error of each sample by what the model is for: the mean squared difference between a sample's values and their
/// reconstruction, or 1 where a classifier names another class than the label's and 0 where it names that.
///
/// The mean of the former over a test set is what the paper's Table 4 calls "average L2 reconstruction loss".
///
/// - Throws: ``MeasureError`` where the model gives neither, or labels are missing; what the model throws.
public func sampleErrors(_ model: any Model, _ data: TrainingData, chunk: Int = 512) throws -> [Double] {
  if model.outputs.contains(.reconstruction) {
    return try reconstructionErrors(model, data.samples, chunk: chunk)
  }
  guard model.outputs.contains(.logits) else {
    throw MeasureError("\(model.name) has neither a reconstruction nor logits: there is no error to measure")
  }
  guard let labels = data.labels else {
    throw MeasureError("\(model.name) is judged by its classes, and the data have no labels")
  }
  return try zip(predictedClasses(model, data.samples, chunk: chunk), labels).map { $0 == $1 ? 0 : 1 }
}

/// The mean squared difference of each sample's values from their reconstruction.
/// - Throws: what the model throws.
public func reconstructionErrors(_ model: any Model, _ data: Tensor, chunk: Int = 512) throws -> [Double] {
  try inChunks(data, chunk) { x in
    (try model.output(.reconstruction, of: x) - x).flattened().square().mean(1).doubles
  }
}

/// The class with the largest logit of each sample.
/// - Throws: what the model throws.
public func predictedClasses(_ model: any Model, _ data: Tensor, chunk: Int = 512) throws -> [Int] {
  try inChunks(data, chunk) { try model.output(.logits, of: $0).argmax(1).ints }
}

/// The embedding of each sample, `[count, values]`.
/// - Throws: what the model throws.
public func embeddings(_ model: any Model, _ data: Tensor, chunk: Int = 512) throws -> Tensor {
  concatenated(try inChunks(data, chunk) { [try model.output(.embedding, of: $0)] })
}

private func inChunks<Value>(_ data: Tensor, _ size: Int, _ body: (Tensor) throws -> [Value]) rethrows
  -> [Value]
{
  try withoutGrad {
    let count = data.shape[0]
    return try stride(from: 0, to: count, by: size).flatMap { try body(data[$0..<min(count, $0 + size)]) }
  }
}

/// Why something cannot be measured, in one line.
public struct MeasureError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error with its text.
  public init(_ description: String) { self.description = description }
}

/// The arithmetic mean; NaN of nothing.
public func mean(_ values: some Collection<Double>) -> Double {
  values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
}
