import Datasets
import Formats
import Foundation

/// Data of which only the chosen features are left, as their file has them: its type and range, its format where that can be
/// written (text and safetensors; all else as NPZ), columns in the order of their places.
public struct ReducedData: Sendable {
  private let dataset: Dataset
  private let selection: FeatureSelection

  /// - Parameter dataset: with all samples of a user's file among those to train on.
  public init(_ dataset: Dataset, _ selection: FeatureSelection) {
    self.dataset = dataset
    self.selection = selection
  }

  /// `csv`, `tsv`, `safetensors` or `npz`.
  public var ending: String {
    let ending = URL(fileURLWithPath: dataset.name).pathExtension.lowercased()
    if !dataset.featureNames.isEmpty, dataset.test.count == 0 {
      return ["tsv", "tab"].contains(ending) ? "tsv" : "csv"
    }
    return ending == "safetensors" ? ending : "npz"
  }

  /// Writes the file whole or not at all.
  /// - Throws: `SystemError`.
  public func write(to path: String) throws {
    switch ending {
    case "csv": try AtomicFile.write(Data(text(",").utf8), to: path)
    case "tsv": try AtomicFile.write(Data(text("\t").utf8), to: path)
    case "safetensors":
      let names = dataset.wordsOfClasses
      let metadata = try names.isEmpty ? [:] : ["class_names": JSON.text(names)]
      try Safetensors.write(arrays, metadata: metadata, to: path)
    default:
      let names = dataset.wordsOfClasses
      try NPZFile.write(
        arrays, words: names.isEmpty ? [] : [(name: "class_names", words: names)], to: path)
    }
  }

  /// `x` and `y`, or `x_train`, `y_train`, `x_test` and `y_test` where the data have such parts.
  private var arrays: [(name: String, array: HostArray)] {
    func part(_ samples: Samples, _ records: HostArray?, _ ending: String) -> [(
      name: String, array: HostArray
    )] {
      let values = records ?? dataset.encoding.encode(samples.values)
      return [(name: "x" + ending, array: chosen(values))]
        + (samples.labels.map { [(name: "y" + ending, array: dataset.recorded($0))] } ?? [])
    }
    guard dataset.test.count > 0 else { return part(dataset.train, dataset.records, "") }
    return part(dataset.train, dataset.records, "_train") + part(dataset.test, nil, "_test")
  }

  /// The chosen columns of records as the file has them, `[n] + shape in the file` → `[n, k]`.
  private func chosen(_ records: HostArray) -> HostArray {
    let encoding = dataset.encoding
    let shape = encoding.sampleShape
    let isLast = encoding.layout == .nhwc && encoding.fileShape.count == 3
    let plane = shape.dropFirst().reduce(1, *)
    let places = selection.indices.sorted().map { index in
      isLast ? index % plane * shape[0] + index / plane : index
    }
    let size = encoding.elementType.size
    let length = encoding.fileShape.reduce(1, *)
    let count = length == 0 ? 0 : records.count / length
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * places.count * size)
    for row in 0..<count {
      for place in places {
        let start = (row * length + place) * size
        bytes += records.bytes[start..<start + size]
      }
    }
    return HostArray(bytes: bytes, shape: [count, places.count], elementType: encoding.elementType)
  }

  private func text(_ separator: String) -> String {
    let values = chosen(dataset.records ?? dataset.encoding.encode(dataset.train.values)).doubles()
    let width = selection.features.count
    let labels = dataset.train.labels
    var lines = [selection.names + (labels == nil ? [] : [dataset.labelName ?? "class"])]
    for row in 0..<dataset.train.count {
      lines.append(
        values[row * width..<(row + 1) * width].map(number)
          + (labels.map { [dataset.classNames[$0[row]]] } ?? []))
    }
    return lines.map { $0.map { quoted($0, separator) }.joined(separator: separator) + "\n" }.joined()
  }

  /// Whole numbers without a fraction, others as briefly as they can be read back.
  private func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  private func quoted(_ field: String, _ separator: String) -> String {
    guard field.contains(separator) || field.contains("\"") || field.contains("\n") else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
