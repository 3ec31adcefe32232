import Formats
import Foundation

/// Small files by each format's own tools; `Fixtures/make.py` made them.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    .path

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> FileBytes { try FileBytes(mapping: path(name)) }
}
