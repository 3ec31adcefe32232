import CZlib

/// Reader of ZIP archives as numpy writes them: entries stored or deflated, ZIP64 where they are large.
///
/// Source: PKWARE's APPNOTE 6.3.10. Entries are streams of bytes with a name; nothing is ever unpacked to a path. What
/// archives are attacked with is refused: entries that overlap, names that climb out of a folder, encryption.
package struct ZipArchive: Sendable {
  package struct Entry: Sendable {
    package let name: String
    package let range: Range<Int>
    package let isDeflated: Bool
    let content: ByteStream.Content
    /// The byte at which the directory has its checksum.
    package let checksum: Int
  }

  package let entries: [Entry]
  private let file: FileBytes
  /// The file's name, for errors.
  var name: String { file.name }

  /// Reads and checks the central directory and all local headers.
  package init(_ file: FileBytes) throws(FormatError) {
    self.file = file
    let directory = try ZipArchive.directory(of: file)
    var entries: [Entry] = []
    var offset = directory.start
    for _ in 0..<directory.count {
      entries.append(try ZipArchive.entry(at: &offset, end: directory.end, in: file))
    }
    var end = 0
    for entry in entries.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard entry.range.lowerBound >= end else {
        throw FormatError(
          file.name, at: .entry(entry.name), "shares its bytes with another entry: refused as a bomb")
      }
      end = entry.range.upperBound
    }
    guard Set(entries.map(\.name)).count == entries.count else {
      throw FormatError(file.name, at: .byte(directory.start), "has two entries of the same name")
    }
    self.entries = entries
  }

  /// The bytes of an entry.
  package func stream(of entry: Entry) throws -> ByteStream {
    try ByteStream(file, in: entry.range, isDeflated: entry.isDeflated, content: entry.content)
  }

  private struct Directory {
    let start: Int
    let end: Int
    let count: Int
  }

  private static func directory(of file: FileBytes) throws(FormatError) -> Directory {
    // It ends the file, but for a comment of at most 65,535 bytes.
    var end = file.count - 22
    let last = max(0, end - 65_535)
    while end >= last, file.littleEndian(UInt32.self, at: end) != 0x0605_4b50 { end -= 1 }
    guard end >= last, let count16 = file.littleEndian(UInt16.self, at: end + 10),
      let size32 = file.littleEndian(UInt32.self, at: end + 12),
      let start32 = file.littleEndian(UInt32.self, at: end + 16)
    else { throw FormatError(file.name, "is not a ZIP archive, or it is cut short") }
    var (count, size, start) = (UInt64(count16), UInt64(size32), UInt64(start32))
    if count16 == .max || size32 == .max || start32 == .max {
      guard file.littleEndian(UInt32.self, at: end - 20) == 0x0706_4b50,
        let place = file.littleEndian(UInt64.self, at: end - 12).flatMap({ Int(exactly: $0) }), place < end,
        file.littleEndian(UInt32.self, at: place) == 0x0606_4b50,
        let count64 = file.littleEndian(UInt64.self, at: place + 32),
        let size64 = file.littleEndian(UInt64.self, at: place + 40),
        let start64 = file.littleEndian(UInt64.self, at: place + 48)
      else { throw FormatError(file.name, at: .byte(end), "has no ZIP64 directory where it says so") }
      (count, size, start) = (count64, size64, start64)
    }
    // An entry of the directory has at least 46 bytes.
    guard start <= UInt64(end), size <= UInt64(end) - start, count <= size / 46 else {
      throw FormatError(
        file.name, at: .byte(end), "says its directory has \(count) entries in \(size) bytes at \(start)")
    }
    return Directory(start: Int(start), end: Int(start + size), count: Int(count))
  }

  private static func entry(at offset: inout Int, end: Int, in file: FileBytes) throws(FormatError) -> Entry {
    let place = offset
    func field<Number: FixedWidthInteger>(_ type: Number.Type, _ at: Int) throws(FormatError) -> Number {
      guard place + at + MemoryLayout<Number>.size <= end, let value = file.littleEndian(type, at: place + at)
      else {
        throw FormatError(file.name, at: .byte(place), "the directory is cut short")
      }
      return value
    }
    guard try field(UInt32.self, 0) == 0x0201_4b50 else {
      throw FormatError(file.name, at: .byte(place), "is not an entry of the directory")
    }
    let (flags, method, crc) = (
      try field(UInt16.self, 8), try field(UInt16.self, 10), try field(UInt32.self, 16)
    )
    let nameEnd = place + 46 + Int(try field(UInt16.self, 28))
    let extraEnd = nameEnd + Int(try field(UInt16.self, 30))
    offset = extraEnd + Int(try field(UInt16.self, 32))
    guard offset <= end else { throw FormatError(file.name, at: .byte(place), "the directory is cut short") }
    let name = String(decoding: file.bytes(in: place + 46..<nameEnd), as: UTF8.self)
    func refuse(_ problem: String) -> FormatError { FormatError(file.name, at: .entry(name), problem) }
    guard !name.hasPrefix("/"), !name.contains("\\"), !name.split(separator: "/").contains("..") else {
      throw refuse("has a name that leads out of the archive: refused")
    }
    guard flags & 1 == 0 else { throw refuse("is encrypted") }
    guard method == 0 || method == 8 else {
      throw refuse("has compression method \(method); 0 and 8 are read")
    }

    var (packed, size, start) = (
      UInt64(try field(UInt32.self, 20)), UInt64(try field(UInt32.self, 24)),
      UInt64(try field(UInt32.self, 42))
    )
    try readZIP64(in: nameEnd..<extraEnd, of: file, &size, &packed, &start, refuse)

    guard let local = Int(exactly: start), file.littleEndian(UInt32.self, at: local) == 0x0403_4b50,
      let nameCount = file.littleEndian(UInt16.self, at: local + 26),
      let extraCount = file.littleEndian(UInt16.self, at: local + 28)
    else { throw refuse("is not where the directory says") }
    let data = local + 30 + Int(nameCount) + Int(extraCount)
    guard data <= file.count, packed <= UInt64(file.count - data) else { throw refuse("is cut short") }
    guard method == 8 || packed == size, size / 1032 <= packed, let count = Int(exactly: size) else {
      throw refuse("says it has \(size) bytes, which \(packed) bytes cannot hold")
    }
    return Entry(
      name: name, range: data..<data + Int(packed), isDeflated: method == 8,
      content: .init(count: count, crc32: crc), checksum: place + 16)
  }

  /// Sizes and offsets that do not fit 32 bits are in an extra field, in this order, and only those.
  private static func readZIP64(
    in range: Range<Int>, of file: FileBytes, _ size: inout UInt64, _ packed: inout UInt64,
    _ start: inout UInt64,
    _ refuse: (String) -> FormatError
  ) throws(FormatError) {
    guard [size, packed, start].contains(UInt64(UInt32.max)) else { return }
    var place = range.lowerBound
    while place + 4 <= range.upperBound, let code = file.littleEndian(UInt16.self, at: place),
      let count = file.littleEndian(UInt16.self, at: place + 2)
    {
      let end = place + 4 + Int(count)
      guard end <= range.upperBound else { break }
      if code == 1 {
        var next = place + 4
        func take(_ value: inout UInt64) throws(FormatError) {
          guard value == UInt64(UInt32.max) else { return }
          guard next + 8 <= end, let large = file.littleEndian(UInt64.self, at: next) else {
            throw refuse("has no size of 64 bits where it says so")
          }
          value = large
          next += 8
        }
        try take(&size)
        try take(&packed)
        try take(&start)
        return
      }
      place = end
    }
    throw refuse("has no size of 64 bits where it says so")
  }
}
