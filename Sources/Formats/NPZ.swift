import CZlib

/// numpy's format of several named arrays: a ZIP archive of NPY files, stored or deflated.
public struct NPZFile: Sendable {
  /// Names of the arrays, in the order of the archive.
  public let names: [String]
  private let archive: ZipArchive
  private let file: String

  /// Opens an archive: reads its directory, none of its arrays.
  public init(_ file: FileBytes) throws(FormatError) {
    archive = try ZipArchive(file)
    self.file = file.name
    names = archive.entries.map { NPZFile.arrayName($0.name) }
  }

  /// Opens an archive: reads its directory, none of its arrays.
  public init(mapping path: String) throws {
    try self.init(FileBytes(mapping: path))
  }

  /// A reader of one array's samples.
  ///
  /// - Throws: `FormatError` if there is no such array, or it is damaged or not of plain numbers.
  public func reader(_ name: String) throws -> NPYReader {
    try NPYReader(stream(name), file: "\(file):\(name)")
  }

  /// What the header of one array says.
  func header(_ name: String) throws -> NPYHeader { try NPYHeader(stream(name), file: "\(file):\(name)") }

  /// An array of words, in row-major order.
  func words(_ name: String) throws -> [String] { try NPY.words(stream(name), file: "\(file):\(name)") }

  private func stream(_ name: String) throws -> ByteStream {
    guard let entry = archive.entries.first(where: { NPZFile.arrayName($0.name) == name }) else {
      let known = names.prefix(8).map(FormatError.quoted).joined(separator: ", ")
      throw FormatError(file, "has no array \(FormatError.quoted(name)); it has: \(known)")
    }
    return try archive.stream(of: entry)
  }

  /// One whole array.
  public func array(_ name: String) throws -> HostArray {
    var reader = try reader(name)
    return try reader.array()
  }

  private static func arrayName(_ entry: String) -> String {
    entry.hasSuffix(".npy") ? String(entry.dropLast(4)) : entry
  }

  /// Writes arrays as a whole file, or none of it; `numpy.load` reads it. The same arguments give the same bytes.
  public static func write(
    _ arrays: [(name: String, array: HostArray)], words: [(name: String, words: [String])] = [],
    to path: String
  ) throws(SystemError) {
    try AtomicFile.write(encode(arrays, words: words), to: path)
  }

  /// A whole archive in memory, its entries stored without compression.
  ///
  /// - Precondition: names differ.
  public static func encode(
    _ arrays: [(name: String, array: HostArray)], words: [(name: String, words: [String])] = []
  ) -> [UInt8] {
    let names = arrays.map(\.name) + words.map(\.name)
    precondition(Set(names).count == names.count, "two arrays have the same name")
    var file: [UInt8] = []
    file.reserveCapacity(arrays.reduce(1024) { $0 + $1.array.bytes.count + 512 })
    var directory: [UInt8] = []
    let entries =
      arrays.lazy.map { ($0.name, NPY.encode($0.array)) }
      + words.lazy.map { ($0.name, NPY.encode($0.words)) }
    for (name, data) in entries {
      let crc = UInt32(
        truncatingIfNeeded: data.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) })
      let entry = Array("\(name).npy".utf8)
      let offset = UInt64(file.count)
      let size = UInt64(data.count)
      // Sizes are always given in 64 bits too: one form for all sizes.
      let common =
        bytes(UInt16(45)) + bytes(UInt16(0x800)) + bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(dosDate)
        + bytes(crc)
        + bytes(UInt32.max) + bytes(UInt32.max) + bytes(UInt16(entry.count))
      let sizes = bytes(size) + bytes(size)
      file += bytes(UInt32(0x0403_4b50)) + common + bytes(UInt16(20)) + entry
      file += bytes(UInt16(1)) + bytes(UInt16(16)) + sizes + data
      directory += bytes(UInt32(0x0201_4b50)) + bytes(UInt16(45)) + common + bytes(UInt16(28))
      directory += [UInt8](repeating: 0, count: 10) + bytes(UInt32.max) + entry
      directory += bytes(UInt16(1)) + bytes(UInt16(24)) + sizes + bytes(offset)
    }
    let start = UInt64(file.count)
    let count = UInt64(names.count)
    let size = UInt64(directory.count)
    file += directory
    file +=
      bytes(UInt32(0x0606_4b50)) + bytes(UInt64(44)) + bytes(UInt16(45)) + bytes(UInt16(45))
      + bytes(UInt64(0))
    file += bytes(count) + bytes(count) + bytes(size) + bytes(start)
    file += bytes(UInt32(0x0706_4b50)) + bytes(UInt32(0)) + bytes(start + size) + bytes(UInt32(1))
    file += bytes(UInt32(0x0605_4b50)) + bytes(UInt32(0)) + bytes(UInt16.max) + bytes(UInt16.max)
    return file + bytes(UInt32.max) + bytes(UInt32.max) + bytes(UInt16(0))
  }

  /// 1 January 1980, so that the same arrays give the same bytes.
  private static let dosDate: UInt16 = 1 << 5 | 1

  private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) }
  }
}
