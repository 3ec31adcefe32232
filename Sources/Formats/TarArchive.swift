/// Tar archives in memory, in POSIX's `ustar` form. The same entries give the same bytes.
public enum TarArchive {
  /// The most bytes that a name may have.
  public static let maximumName = 100

  /// A whole archive of regular files, in the order given.
  ///
  /// - Precondition: names have 1 to 100 bytes, contents less than 8 GiB: what the form can say.
  public static func encode(_ entries: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var archive: [UInt8] = []
    archive.reserveCapacity(entries.reduce(1024) { $0 + $1.bytes.count + 1024 })
    for (name, bytes) in entries {
      archive += header(name, size: bytes.count)
      archive += bytes
      archive += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }
    // Two empty blocks end an archive.
    return archive + [UInt8](repeating: 0, count: 1024)
  }

  private static func header(_ name: String, size: Int) -> [UInt8] {
    let name = Array(name.utf8)
    precondition(!name.isEmpty && name.count <= maximumName, "a name of \(name.count) bytes")
    precondition(size < 1 << 33, "\(size) bytes")
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], at place: Int) {
      header.replaceSubrange(place..<place + bytes.count, with: bytes)
    }
    put(name, at: 0)
    put(octal(0o644, digits: 7), at: 100)  // mode
    put(octal(0, digits: 7), at: 108)  // owner
    put(octal(0, digits: 7), at: 116)  // group
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)  // time of the last change
    put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
    put([UInt8(ascii: "0")], at: 156)  // a regular file
    put(Array("ustar".utf8) + [0] + Array("00".utf8), at: 257)
    // The sum is taken with blanks in its own place.
    put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
    return header
  }

  private static func octal(_ number: Int, digits: Int) -> [UInt8] {
    let text = Array(String(number, radix: 8).utf8)
    return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
  }
}
