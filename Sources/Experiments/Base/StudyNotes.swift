import Formats
import Foundation

/// Small text files beside a study's cells.
public enum StudyNotes {
  /// Adds a line to a file unless it has it.
  public static func add(line: String, to path: String) throws {
    let known = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    guard !known.split(separator: "\n").contains(Substring(line)) else { return }
    try AtomicFile.write(Data((known + line + "\n").utf8), to: path)
  }
}
