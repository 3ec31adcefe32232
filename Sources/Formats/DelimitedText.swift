/// Reader of tables of numbers and words as text: comma-, tab-, semicolon- or blank-separated, gzipped or not.
///
/// Rows are lines. Fields may be quoted as in RFC 4180 (`"a ""b"", c"`), but not across lines. A run of blanks separates
/// fields once, so that fixed-width columns read as they look.
public struct DelimitedText {
  public enum Separator: Sendable, Equatable {
    case comma, tab, semicolon
    /// Any run of blanks and tabs.
    case blanks

    var byte: UInt8 {
      switch self {
      case .comma: UInt8(ascii: ",")
      case .tab: UInt8(ascii: "\t")
      case .semicolon: UInt8(ascii: ";")
      case .blanks: UInt8(ascii: " ")
      }
    }
  }

  /// Longest line that is read, in bytes.
  package static let maximumLine = 64 << 20
  /// Most fields of a line. Each takes far more memory than its byte in the file.
  package static let maximumFields = 1 << 20

  public let separator: Separator
  /// The number of the line last given, from 1.
  public private(set) var line = 0
  let file: String
  private let stream: ByteStream
  private var buffer: [UInt8] = []
  private var start = 0
  private var atEnd = false

  /// - Parameter separator: nil takes the first of tab, semicolon and comma that is in the first line, else blanks.
  /// - Throws: `FormatError` if the file is compressed and damaged.
  public init(_ file: FileBytes, separator: Separator? = nil) throws {
    self.file = file.name
    stream = try ByteStream(file)
    buffer = try stream.readToEnd(atMost: 1 << 16)
    let first = buffer.prefix { $0 != UInt8(ascii: "\n") }
    self.separator =
      separator ?? [.tab, .semicolon, .comma].first { first.contains($0.byte) } ?? .blanks
  }

  /// The fields of the next line that is not empty, or nil at the end.
  ///
  /// - Throws: `FormatError` naming the line that is too long, not text, or has an open quote.
  public mutating func next() throws -> [String]? {
    while let bytes = try nextLine() {
      line += 1
      let fields = try split(bytes)
      if fields.count > 1 || fields.first?.isEmpty == false { return fields }
    }
    return nil
  }

  private mutating func nextLine() throws -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return buffer[start..<end]
      }
      guard !atEnd else {
        defer { start = buffer.count }
        return start < buffer.count ? buffer[start...] : nil
      }
      guard buffer.count - start <= DelimitedText.maximumLine else {
        throw FormatError(file, at: .line(line + 1), "is longer than \(DelimitedText.maximumLine >> 20) MiB")
      }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      let more = try stream.readToEnd(atMost: max(1 << 16, buffer.count))
      atEnd = more.isEmpty
      buffer += more
    }
  }

  private func split(_ bytes: ArraySlice<UInt8>) throws -> [String] {
    var bytes = bytes
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    guard !bytes.contains(0) else { throw FormatError(file, at: .line(line), "is not text") }
    let separators: Set<UInt8> = separator == .blanks ? [32, 9] : [separator.byte]
    guard
      bytes.count <= DelimitedText.maximumFields
        || bytes.count(where: separators.contains) < DelimitedText.maximumFields
    else {
      throw FormatError(file, at: .line(line), "has more than \(DelimitedText.maximumFields) fields")
    }
    if separator == .blanks {
      return bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map(text)
    }
    guard bytes.contains(UInt8(ascii: "\"")) else {
      return bytes.split(separator: separator.byte, omittingEmptySubsequences: false).map(text)
    }
    return try splitQuoted(bytes)
  }

  private func splitQuoted(_ bytes: ArraySlice<UInt8>) throws -> [String] {
    let quote = UInt8(ascii: "\"")
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      if isQuoted, byte == quote {
        if index < bytes.endIndex, bytes[index] == quote {
          field.append(quote)
          index += 1
        } else {
          isQuoted = false
        }
      } else if !isQuoted, byte == quote, field.allSatisfy({ $0 == UInt8(ascii: " ") }) {
        field = []
        isQuoted = true
      } else if !isQuoted, byte == separator.byte {
        fields.append(text(field[...]))
        field = []
      } else {
        field.append(byte)
      }
    }
    guard !isQuoted else { throw FormatError(file, at: .line(line), "has a quote that is not closed") }
    return fields + [text(field[...])]
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    let blanks: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    let trimmed = bytes.drop { blanks.contains($0) }
    let end = trimmed.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? trimmed.startIndex
    return String(decoding: trimmed[..<end], as: UTF8.self)
  }
}
