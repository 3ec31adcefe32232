/// The lines of a text file in UTF-8 or UTF-16, as bytes of UTF-8 without what ends them.
struct TextLines {
  private enum Encoding { case utf8, utf16(isBigEndian: Bool) }

  private let file: String
  private let stream: ByteStream
  private let encoding: Encoding
  /// What is read and not yet given, from `start` on.
  private var buffer: [UInt8] = []
  private var start = 0
  /// The bytes of a code unit, or of the first half of a pair, that the next piece completes.
  private var rest: [UInt8] = []
  private var atEnd = false
  private var number = 0

  init(_ file: FileBytes) throws {
    self.file = file.name
    stream = try ByteStream(file)
    var first = try stream.readToEnd(atMost: 1 << 16)
    (encoding, first) = try TextLines.encoding(first, file.name)
    append(first)
  }

  /// By the byte-order mark, or by every other byte's being zero, as in UTF-16 of Latin letters.
  private static func encoding(_ bytes: [UInt8], _ file: String) throws(FormatError) -> (Encoding, [UInt8]) {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, Array(bytes.dropFirst(3))) }
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
      throw FormatError(file, at: .byte(0), "is UTF-32; save it as UTF-8")
    }
    if bytes.starts(with: [0xFF, 0xFE]) { return (.utf16(isBigEndian: false), Array(bytes.dropFirst(2))) }
    if bytes.starts(with: [0xFE, 0xFF]) { return (.utf16(isBigEndian: true), Array(bytes.dropFirst(2))) }
    let some = bytes.prefix(64)
    for parity in [0, 1] where some.count >= 4 {
      if some.indices.allSatisfy({ (some[$0] == 0) == ($0 % 2 == parity) }) {
        return (.utf16(isBigEndian: parity == 0), bytes)
      }
    }
    return (.utf8, bytes)
  }

  /// The next line, or nil at the end.
  ///
  /// - Throws: `FormatError` if it is too long or what is compressed is damaged.
  mutating func next() throws -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      let end = buffer[searched...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
      if let end, buffer[end] == UInt8(ascii: "\n") || end + 1 < buffer.count || atEnd {
        let isPair =
          buffer[end] == UInt8(ascii: "\r") && end + 1 < buffer.count
          && buffer[end + 1] == UInt8(ascii: "\n")
        defer { start = end + (isPair ? 2 : 1) }
        number += 1
        return buffer[start..<end]
      }
      guard !atEnd else {
        defer { start = buffer.count }
        number += 1
        return start < buffer.count ? buffer[start...] : nil
      }
      guard buffer.count - start <= DelimitedText.maximumLine else {
        throw FormatError(
          file, at: .line(number + 1), "is longer than \(DelimitedText.maximumLine >> 20) MiB")
      }
      searched = (end ?? buffer.count) - start
      buffer.removeFirst(start)
      start = 0
      let more = try stream.readToEnd(atMost: max(1 << 16, buffer.count))
      atEnd = more.isEmpty
      append(more)
    }
  }

  /// The first lines that were read already, at most `count`, without taking them.
  func peek(_ count: Int) throws -> [ArraySlice<UInt8>] {
    var copy = self
    copy.atEnd = true
    let isWhole = buffer.count < 1 << 15
    var lines: [ArraySlice<UInt8>] = []
    while lines.count < count, let line = try copy.next() {
      // The last one may be cut off.
      if isWhole || copy.start < buffer.count || lines.isEmpty { lines.append(line) }
    }
    return lines
  }

  private mutating func append(_ bytes: [UInt8]) {
    guard case .utf16(let isBigEndian) = encoding else {
      buffer += bytes
      return
    }
    let all = rest + bytes
    let (high, low) = isBigEndian ? (0, 1) : (1, 0)
    var units: [UInt16] = stride(from: 0, to: all.count - 1, by: 2).map { place in
      let upper = UInt16(all[place + high])
      return upper << 8 | UInt16(all[place + low])
    }
    rest = all.count % 2 == 1 ? [all[all.count - 1]] : []
    if let last = units.last, UTF16.isLeadSurrogate(last), !bytes.isEmpty {
      units.removeLast()
      rest = Array(all.suffix(2 + rest.count))
    }
    buffer += String(decoding: units, as: UTF16.self).utf8
  }
}
