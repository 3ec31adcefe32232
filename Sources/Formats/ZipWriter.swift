import CZlib

extension ZipArchive {
  /// A whole archive in memory, its members stored without compression. The same members give the same bytes.
  ///
  /// - Parameters:
  ///   - members: their names differ; each one's bytes are asked for once.
  ///   - alignment: the multiple of bytes at which each member's data begin; 1 for any place.
  package static func encode(
    _ members: some Collection<(name: String, data: [UInt8])>, alignment: Int = 1, reserving size: Int = 0
  ) -> [UInt8] {
    var file: [UInt8] = []
    file.reserveCapacity(size)
    var directory: [UInt8] = []
    for (name, data) in members {
      let crc = UInt32(
        truncatingIfNeeded: data.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) })
      let entry = Array(name.utf8)
      let offset = UInt64(file.count)
      let size = UInt64(data.count)
      // Sizes are always given in 64 bits too: one form for all sizes.
      let common =
        bytes(UInt16(45)) + bytes(UInt16(0x800)) + bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(dosDate)
        + bytes(crc)
        + bytes(UInt32.max) + bytes(UInt32.max) + bytes(UInt16(entry.count))
      let sizes = bytes(size) + bytes(size)
      let padding = padding(after: file.count + 30 + entry.count + 20, alignment)
      file += bytes(UInt32(0x0403_4b50)) + common + bytes(UInt16(20 + padding.count)) + entry
      file += bytes(UInt16(1)) + bytes(UInt16(16)) + sizes + padding + data
      directory += bytes(UInt32(0x0201_4b50)) + bytes(UInt16(45)) + common + bytes(UInt16(28))
      directory += [UInt8](repeating: 0, count: 10) + bytes(UInt32.max) + entry
      directory += bytes(UInt16(1)) + bytes(UInt16(24)) + sizes + bytes(offset)
    }
    return file + directory + end(at: UInt64(file.count), count: UInt64(members.count), size: directory.count)
  }

  /// The directory's end, in 64 bits, and what readers of old look for behind it.
  private static func end(at start: UInt64, count: UInt64, size: Int) -> [UInt8] {
    let size = UInt64(size)
    var end =
      bytes(UInt32(0x0606_4b50)) + bytes(UInt64(44)) + bytes(UInt16(45)) + bytes(UInt16(45))
      + bytes(UInt64(0))
    end += bytes(count) + bytes(count) + bytes(size) + bytes(start)
    end += bytes(UInt32(0x0706_4b50)) + bytes(UInt32(0)) + bytes(start + size) + bytes(UInt32(1))
    end += bytes(UInt32(0x0605_4b50)) + bytes(UInt32(0)) + bytes(UInt16.max) + bytes(UInt16.max)
    return end + bytes(UInt32.max) + bytes(UInt32.max) + bytes(UInt16(0))
  }

  /// An extra field that moves the data to a multiple of the alignment; PyTorch's files have it too.
  private static func padding(after place: Int, _ alignment: Int) -> [UInt8] {
    guard alignment > 1, place % alignment != 0 else { return [] }
    let count = (2 * alignment - 4 - place % alignment) % alignment
    return Array("FB".utf8) + bytes(UInt16(count)) + [UInt8](repeating: UInt8(ascii: "Z"), count: count)
  }

  /// 1 January 1980, so that the same members give the same bytes.
  private static let dosDate: UInt16 = 1 << 5 | 1

  private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) }
  }
}
