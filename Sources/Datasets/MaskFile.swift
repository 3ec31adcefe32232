import Formats
import Foundation

/// Which values of the samples may change: a file of one array, 0 where a value must stay.
public enum MaskFile {
  /// Reads a mask of the shape of a sample, of an image's height and width, or of one such for each sample.
  ///
  /// - Returns: 1 and 0, `[1] + sampleShape` for all samples alike or `[count] + sampleShape`.
  /// - Throws: what the format throws; ``DatasetError`` for another shape, or a mask that leaves nothing free.
  public static func read(_ path: String, for dataset: Dataset) throws -> HostArray {
    let file = try FileBytes(mapping: path)
    guard case .arrays(let arrays) = try FileFormats.format(of: file).contents(of: file),
      arrays.items.count == 1, case .numbers = arrays.items[0].kind
    else { throw DatasetError.unusable(name: path, reason: "is not one array of numbers, as a mask is") }
    let array = try arrays.array(arrays.items[0].name)
    let shape = dataset.sampleShape, count = dataset.train.count
    func refusal(_ reason: String) -> DatasetError { .unusable(name: path, reason: reason) }
    let values = array.doubles().map { $0 == 0 ? Float(0) : 1 }
    let plane = shape.count == 3 ? shape[1] * shape[2] : 0
    /// Where in a mask of some shape the value for each of a sample's is; nil for a shape that fits none.
    func order(_ own: [Int]) -> ((Int) -> Int)? {
      switch own {
      case shape: { $0 }
      case Array(shape.dropFirst()) where shape.count == 3: { $0 % plane }
      case [shape[1 % shape.count], shape[2 % shape.count], shape[0]] where shape.count == 3:
        { $0 % plane * shape[0] + $0 / plane }
      default: nil
      }
    }
    // Of all samples alike, or of each.
    let shared = order(array.shape), isOfEach = shared == nil && array.shape.first == count
    guard let order = shared ?? (isOfEach ? order(Array(array.shape.dropFirst())) : nil) else {
      throw refusal(
        "a mask of shape \(array.shape) fits neither samples of shape \(shape) nor \(count) of them")
    }
    let masks = isOfEach ? count : 1
    let size = shape.reduce(1, *), stored = values.count / masks
    let all = (0..<masks).flatMap { mask in (0..<size).map { values[mask * stored + order($0)] } }
    guard all.contains(1) else { throw refusal("the mask is 0 everywhere: nothing may change") }
    return HostArray(all, shape: [masks] + shape)
  }
}
