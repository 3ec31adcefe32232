import Foundation

/// JSON as this program writes and reads it: sorted keys, so that equal values give equal bytes; slashes as they are;
/// numbers that are not finite, which JSON lacks, as the strings `nan`, `inf` and `-inf`.
public enum JSON {
  /// - Parameter pretty: with line breaks, for people.
  public static func encoder(pretty: Bool = false) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  /// Reads what ``encoder(pretty:)`` wrote, numbers that are not finite included.
  public static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// A document for people and files, with line breaks.
  /// - Throws: `EncodingError` for a value that has no JSON.
  public static func text(_ value: some Encodable) throws -> String {
    String(decoding: try encoder(pretty: true).encode(value), as: UTF8.self)
  }

  /// One value in a line; one that cannot be written is `null`.
  public static func line(_ value: some Encodable) -> String {
    (try? encoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  /// A document that is put together piece by piece.
  public indirect enum Value: Encodable, Sendable {
    /// An object.
    case object([String: Value])
    /// A list.
    case list([Value])
    /// Anything that can be encoded.
    case value(any Encodable & Sendable)
    /// `null` where the number is missing or not finite.
    case number(Double?)

    public func encode(to encoder: any Encoder) throws {
      switch self {
      case .object(let members): try members.encode(to: encoder)
      case .list(let members): try members.encode(to: encoder)
      case .value(let value): try value.encode(to: encoder)
      case .number(let number):
        var container = encoder.singleValueContainer()
        if let number, number.isFinite {
          try container.encode(number)
        } else {
          try container.encodeNil()
        }
      }
    }
  }
}
