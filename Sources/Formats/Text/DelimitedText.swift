/// Reader of tables of numbers and words as text, gzipped or not, in the dialects that spreadsheets and programs write.
///
/// Separated by commas, tabs, semicolons, bars or blanks; UTF-8, UTF-16 or, where it is neither, Latin-1; lines end with
/// LF, CR LF or CR. Fields may be quoted as in RFC 4180 (`"a ""b"", c"`), also over several lines. A run of blanks
/// separates fields once, so that fixed-width columns read as they look. Lines that begin with `#` or `%` are comments, and
/// Excel's first line `sep=;` names the separator.
public struct DelimitedText {
  /// What is between the fields of a line.
  public enum Separator: Sendable, Equatable, CaseIterable {
    /// A tab.
    case tab
    /// `;`.
    case semicolon
    /// `|`.
    case bar
    /// `,`.
    case comma
    /// Any run of blanks and tabs.
    case blanks

    var byte: UInt8 {
      switch self {
      case .comma: UInt8(ascii: ",")
      case .tab: UInt8(ascii: "\t")
      case .semicolon: UInt8(ascii: ";")
      case .bar: UInt8(ascii: "|")
      case .blanks: UInt8(ascii: " ")
      }
    }
  }

  /// Longest line that is read, in bytes.
  package static let maximumLine = 64 << 20
  /// Most fields of a line. Each takes far more memory than its byte in the file.
  package static let maximumFields = 1 << 20
  /// Most lines over which a quoted field goes.
  private static let maximumQuotedLines = 32

  /// What is between the fields.
  public let separator: Separator
  /// The number of the line last given, from 1; of a row over several lines that of its last.
  public private(set) var line = 0
  /// The comments before the first row, without their marks.
  public private(set) var comments: [String] = []
  let file: String
  private var lines: TextLines
  private var hasRow = false

  /// - Parameter separator: nil finds it out: what `sep=` says, else the first of tab, semicolon, bar and comma that
  ///   separates every one of the first lines into as many fields, else the first that is in the first line, else blanks.
  /// - Throws: `FormatError` if the file is compressed and damaged.
  public init(_ file: FileBytes, separator: Separator? = nil) throws {
    self.file = file.name
    lines = try TextLines(file)
    var named: Separator?
    if let first = try lines.peek(1).first, let said = DelimitedText.excelSeparator(first) {
      named = said
      _ = try lines.next()
      line = 1
    }
    let first = try lines.peek(20).filter { !DelimitedText.isComment($0) && !$0.isEmpty }
    self.separator = separator ?? named ?? DelimitedText.separator(of: first)
  }

  /// The fields of the next line that has any, or nil at the end.
  ///
  /// - Throws: `FormatError` naming the line that is too long, not text, or has an open quote.
  public mutating func next() throws -> [String]? {
    while var bytes = try nextLine() {
      if DelimitedText.isComment(bytes) {
        if !hasRow {
          comments.append(text(bytes.drop { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "%") }))
        }
        continue
      }
      let start = line
      while let open = try split(bytes), open.isOpen {
        guard line - start < DelimitedText.maximumQuotedLines, let more = try nextLine() else {
          throw FormatError(file, at: .line(start), "has a quote that is not closed")
        }
        bytes = bytes + [UInt8(ascii: "\n")] + more
      }
      guard let fields = try split(bytes)?.fields else { continue }
      if fields.count > 1 || fields.first?.isEmpty == false {
        hasRow = true
        return fields
      }
    }
    return nil
  }

  /// The fields of a comment, as if it were a line of the table.
  func fields(ofComment comment: String) -> [String]? { (try? split(Array(comment.utf8)[...]))?.fields }

  private mutating func nextLine() throws -> ArraySlice<UInt8>? {
    guard let bytes = try lines.next() else { return nil }
    line += 1
    guard !bytes.contains(0) else { throw FormatError(file, at: .line(line), "is not text") }
    return bytes
  }

  private static func isComment(_ line: ArraySlice<UInt8>) -> Bool {
    line.first == UInt8(ascii: "#") || line.first == UInt8(ascii: "%")
  }

  /// What Excel's `sep=;` says.
  private static func excelSeparator(_ line: ArraySlice<UInt8>) -> Separator? {
    let text = line.filter { $0 != UInt8(ascii: "\"") }
    guard text.count == 5, String(decoding: text.prefix(4), as: UTF8.self).lowercased() == "sep=" else {
      return nil
    }
    return Separator.allCases.first { $0.byte == text[4] }
  }

  private static func separator(of lines: [ArraySlice<UInt8>]) -> Separator {
    let candidates = Separator.allCases.filter { $0 != .blanks }
    let counts = candidates.map { candidate in lines.map { unquoted($0, candidate.byte) } }
    let even = candidates.indices.first { place in
      counts[place].allSatisfy { $0 > 0 && $0 == counts[place].first }
    }
    let some = even ?? candidates.indices.first { (counts[$0].first ?? 0) > 0 }
    return some.map { candidates[$0] } ?? .blanks
  }

  /// How often a byte occurs outside quotes.
  private static func unquoted(_ line: ArraySlice<UInt8>, _ byte: UInt8) -> Int {
    var isQuoted = false
    var count = 0
    for next in line {
      if next == UInt8(ascii: "\"") { isQuoted.toggle() } else if next == byte, !isQuoted { count += 1 }
    }
    return count
  }

  /// The fields, and whether the last has a quote that is not closed; nil for none.
  private func split(_ bytes: ArraySlice<UInt8>) throws -> (fields: [String], isOpen: Bool)? {
    let separators: Set<UInt8> = separator == .blanks ? [32, 9] : [separator.byte]
    guard
      bytes.count <= DelimitedText.maximumFields
        || bytes.count(where: separators.contains) < DelimitedText.maximumFields
    else {
      throw FormatError(file, at: .line(line), "has more than \(DelimitedText.maximumFields) fields")
    }
    guard bytes.contains(UInt8(ascii: "\"")) else {
      let parts =
        separator == .blanks
        ? bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        : bytes.split(separator: separator.byte, omittingEmptySubsequences: false)
      return (parts.map(text), false)
    }
    return splitQuoted(bytes)
  }

  private func splitQuoted(_ bytes: ArraySlice<UInt8>) -> (fields: [String], isOpen: Bool) {
    let quote = UInt8(ascii: "\"")
    let blanks: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var wasQuoted = false
    func isSeparator(_ byte: UInt8) -> Bool {
      byte == separator.byte || separator == .blanks && byte == UInt8(ascii: "\t")
    }
    func end() {
      if separator != .blanks || wasQuoted || !field.isEmpty { fields.append(text(field[...])) }
      field = []
      wasQuoted = false
    }
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
      } else if !isQuoted, byte == quote, field.allSatisfy(blanks.contains) {
        field = []
        isQuoted = true
        wasQuoted = true
      } else if !isQuoted, isSeparator(byte) {
        end()
      } else {
        field.append(byte)
      }
    }
    end()
    return (fields, isQuoted)
  }

  /// Bytes that are not UTF-8 are Latin-1, as older spreadsheets write it: so no two words become one.
  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
    let trimmed = bytes.drop(while: isBlank)
    let end = trimmed.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? trimmed.startIndex
    let word = trimmed[..<end]
    return String(validating: word, as: UTF8.self)
      ?? String(String.UnicodeScalarView(word.map { Unicode.Scalar($0) }))
  }
}
