/// Reader of tar archives, gzipped or not, entry by entry.
///
/// Names are only compared with those that are wanted; nothing is unpacked to where an archive says.
public struct TarReader {
  /// A regular file in the archive.
  public struct Entry: Sendable, Equatable {
    /// The path as the archive has it.
    public let path: String
    /// Its length in bytes.
    public let size: Int

    /// What follows the last slash.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? "" }
  }

  private let stream: ByteStream
  private let file: String
  private var unread = 0

  /// A reader at the archive's beginning.
  public init(_ file: FileBytes) throws {
    self.file = file.name
    stream = try ByteStream(file)
  }

  /// The next regular file, or nil at the end.
  ///
  /// - Throws: `FormatError` if a header's checksum is wrong, or the archive is cut short.
  public mutating func next() throws(FormatError) -> Entry? {
    while true {
      try skip()
      let start = stream.position
      let header = try stream.read(512, "a tar header")
      if header.allSatisfy({ $0 == 0 }) { return nil }
      let sum = header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(header[$1])) }
      guard number(header[148..<156]) == sum, let size = number(header[124..<136]),
        size <= stream.maximumRemaining
      else {
        throw FormatError(file, at: .byte(start), "is not the header of a file in a tar archive")
      }
      unread = (size + 511) / 512 * 512
      guard header[156] == UInt8(ascii: "0") || header[156] == 0 else { continue }
      let isUStar = Array(header[257..<262]) == Array("ustar".utf8)
      let folder = isUStar ? text(header[345..<500]) : ""
      return Entry(path: (folder.isEmpty ? "" : folder + "/") + text(header[0..<100]), size: size)
    }
  }

  /// The bytes of the entry that `next` gave last.
  public mutating func read(_ entry: Entry) throws(FormatError) -> [UInt8] {
    let bytes = try stream.read(entry.size, FormatError.quoted(entry.path))
    unread -= entry.size
    return bytes
  }

  private mutating func skip() throws(FormatError) {
    while unread > 0 {
      let count = min(unread, 1 << 20)
      _ = try stream.read(count, "a file in the archive")
      unread -= count
    }
  }

  private func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits between blanks and zeros; never a sign, which would lead backwards.
  private func number(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = text(field).split(separator: " ").first.map(String.init) ?? "0"
    return digits.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "7")).contains)
      ? Int(digits, radix: 8) : nil
  }
}
