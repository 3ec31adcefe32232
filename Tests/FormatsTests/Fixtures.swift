import Formats
import Foundation
import Testing

/// Small files by each format's own tools; `Fixtures/make.py` made them.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    .path

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> FileBytes { try FileBytes(mapping: path(name)) }

  /// Float32 `[2500000, 1000]` in a sparse file: 10 GB of zeros that take no room on the disk.
  static func writeTenGigabyteNPY(to path: String) throws {
    var header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (2500000, 1000), }".utf8)
    header += [UInt8](repeating: 32, count: 117 - header.count) + [10]
    try AtomicFile.write([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header, to: path)
    #expect(truncate(path, 128 + 10_000_000_000) == 0)
  }
}
