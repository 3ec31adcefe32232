import Foundation
import Models

/// Prints one JSON document; numbers that are none are null.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

extension Model {
  /// What its error is called.
  var errorName: String { outputs.contains(.reconstruction) ? "reconstruction error" : "error rate" }
}

extension ModelFamilies {
  /// The names, each with what it is.
  static var list: String { all.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ") }
}
