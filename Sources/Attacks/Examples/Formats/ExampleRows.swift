import Datasets
import Formats

/// What formats of single files share: the columns of one example as a JSON object, its name, its picture.
extension ExampleFile {
  /// `000042`, or `000042-1` where samples have several examples: the index of the original, and which example of it.
  func rowName(_ row: Int) -> String {
    let digits = String(records.index[row])
    let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    return records.copy.contains { $0 > 0 } ? "\(name)-\(records.copy[row])" : name
  }

  /// The columns of every example but the samples themselves; labels are named `label`, as those who read these formats
  /// expect, and where classes have names there is `class` beside it. Numbers that are not finite are `null`.
  func rowColumns() -> [[String: JSON.Value]] {
    var rows = [[String: JSON.Value]](repeating: [:], count: records.count)
    let names = Dictionary(words.map { ($0.name, $0.words) }) { first, _ in first }
    for (name, array) in arrays where name != "x" {
      let integers = array.elementType.isFloatingPoint ? nil : array.integers()
      let doubles = integers == nil ? array.doubles() : []
      for row in rows.indices {
        let value: JSON.Value =
          name == "success"
          ? .value(array.bytes[row] != 0)
          : integers.map { .value($0[row]) } ?? .number(doubles[row])
        rows[row][name == "y" ? "label" : name] = value
        if name == "y", let place = integers?[row], let classes = names["class_names"],
          classes.indices.contains(place)
        {
          rows[row]["class"] = .value(classes[place])
        }
      }
    }
    for row in rows.indices {
      if let file = names["files"]?[row] { rows[row]["original_file"] = .value(file) }
    }
    return rows
  }

  /// The picture of each example, where the samples are `[height, width, channels]` of bytes.
  func pictures() throws -> [[UInt8]] {
    let shape = samples.shape
    let size = shape.dropFirst().reduce(1, *)
    return try (0..<records.count).map { row in
      try RasterImage(
        width: shape[2], height: shape[1], channels: shape[3],
        pixels: Array(samples.bytes[row * size..<(row + 1) * size])
      ).png()
    }
  }
}

extension SampleEncoding {
  /// How images are written as PNG: bytes of 0…255, rows from the top, channels innermost; nil for samples that are no images
  /// of one or three channels.
  var asPicture: SampleEncoding? {
    let shape = sampleShape
    guard shape.count == 3, [1, 3].contains(shape[0]), shape[1] > 0, shape[2] > 0 else { return nil }
    return SampleEncoding(
      elementType: .uint8, fileShape: [shape[1], shape[2], shape[0]], layout: .nhwc, scale: .range(0...255))
  }
}
