import Formats
import Foundation

/// The files of one set where they lie, and a record of which were read.
struct DataSource {
  let name: String
  /// `<data root>/<name>`, or nil where no data root is known.
  let folder: String?
  private var record = ""

  init(name: String, folder: String?) {
    self.name = name
    self.folder = folder
  }

  /// The path of a file: under its own name, or without the `.gz` at its end, or with one.
  func path(of file: String) -> String? {
    guard let folder else { return nil }
    let other = file.hasSuffix(".gz") ? String(file.dropLast(3)) : file + ".gz"
    return [file, other].map { "\(folder)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// Opens a file and enters it in the record.
  ///
  /// - Throws: `DatasetError.absent` if it is not there.
  mutating func open(_ file: String) throws -> FileBytes {
    guard let path = path(of: file) else {
      throw DatasetError.absent(name: name, folder: folder, files: folder == nil ? [] : [file])
    }
    let bytes = try FileBytes(mapping: path)
    enter(bytes, name: file)
    return bytes
  }

  /// Enters bytes that were read from elsewhere in the record.
  mutating func enter(_ bytes: FileBytes, name: String) {
    record += "\(bytes.sha256())  \(name)\n"
  }

  /// SHA-256 of the record.
  var digest: String { SHA256.digest(of: Array(record.utf8)) }
}
