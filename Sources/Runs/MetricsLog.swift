import Formats
import Foundation

/// A CSV file that grows a row at a time, by any number of processes, and survives being cut anywhere.
public struct MetricsLog: Sendable {
  private let path: String

  /// - Parameter path: the file; the first row that is appended makes it, with the names of its columns.
  public init(path: String) { self.path = path }

  /// Appends a row in one write; fields hold no commas, and every row of a file has the same columns. A last line that
  /// was cut short is ended, so that it stays the only damaged one.
  ///
  /// - Throws: `RunError.storage`.
  public func append(_ fields: [(column: String, value: String)]) throws(RunError) {
    if access(path, F_OK) != 0 { try write(fields.map(\.column).joined(separator: ",")) }
    try write(fields.map(\.value).joined(separator: ","))
  }

  /// The whole rows of a file by the names of their columns; rows with a wrong number of fields (cut short) are left
  /// out.
  ///
  /// - Parameter last: only so many lines at the end of the file are looked at.
  public static func rows(path: String, last: Int = .max) -> [[Substring: Substring]] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    let lines = String(decoding: data, as: UTF8.self).utf8.split(separator: UInt8(ascii: "\n"))
    func fields(_ line: Substring.UTF8View) -> [Substring] {
      line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(Substring.init)
    }
    guard let columns = lines.first.map(fields) else { return [] }
    return lines.dropFirst().suffix(last).map(fields).filter { $0.count == columns.count }.map {
      Dictionary(zip(columns, $0)) { first, _ in first }
    }
  }

  private func write(_ line: String) throws(RunError) {
    try storing { () throws(SystemError) in try AppendedLines.append(line, to: path) }
  }
}

/// Text files that grow a line at a time, by any number of processes.
enum AppendedLines {
  /// Appends a line in one write. A last line that was cut short is ended, so that it stays the only damaged one.
  static func append(_ line: String, to path: String) throws(SystemError) {
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
