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
    let entries =
      arrays.lazy.map { ("\($0.name).npy", NPY.encode($0.array)) }
      + words.lazy.map { ("\($0.name).npy", NPY.encode($0.words)) }
    return ZipArchive.encode(
      Array(entries), reserving: arrays.reduce(1024) { $0 + $1.array.bytes.count + 512 })
  }
}
