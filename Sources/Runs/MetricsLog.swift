import Formats
import Foundation

/// A CSV file that grows a row at a time, by any number of processes, and survives being cut anywhere.
public struct MetricsLog: Sendable {
  private let path: String
  private let columns: Int

  /// Opens the file, writing the header if it is new. A last line that was cut short is ended, so that it stays the
  /// only damaged one.
  ///
  /// - Throws: `RunError.storage`.
  public init(path: String, columns: [String]) throws(RunError) {
    self.path = path
    self.columns = columns.count
    if access(path, F_OK) != 0 { try write(columns.joined(separator: ",")) }
  }

  /// Appends a row in one write; fields hold no commas.
  public func append(_ fields: [String]) throws(RunError) {
    try write(fields.joined(separator: ","))
  }

  /// The whole rows of a file, without the header; rows with a wrong number of fields (cut short) are left out.
  ///
  /// - Parameter last: only so many lines at the end of the file are looked at.
  public static func rows(path: String, last: Int = .max) -> [[Substring]] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    let lines = String(decoding: data, as: UTF8.self).utf8.split(separator: UInt8(ascii: "\n"))
    func fields(_ line: Substring.UTF8View) -> [Substring] {
      line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(Substring.init)
    }
    guard let width = lines.first.map(fields)?.count else { return [] }
    return lines.dropFirst().suffix(last).map(fields).filter { $0.count == width }
  }

  private func write(_ line: String) throws(RunError) {
    try storing { () throws(SystemError) in
      let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw SystemError("open", path) }
      defer { close(descriptor) }
      var last = UInt8(ascii: "\n")
      let size = lseek(descriptor, 0, SEEK_END)
      if size > 0 { _ = pread(descriptor, &last, 1, size - 1) }
      let start = last == UInt8(ascii: "\n") ? "" : "\n"
      try AtomicFile.append(Array("\(start)\(line)\n".utf8), to: descriptor, path: path)
    }
  }
}
