import Formats
import Foundation

/// Standard error for messages. Unlike `FileHandle`, whose writing ends the process on any failure, this never
/// fails: a log file on a full disk must not end a run.
public enum StandardError {
  /// Writes text as it is.
  public static func write(_ text: String) {
    try? AtomicFile.append(Array(text.utf8), to: STDERR_FILENO, path: "standard error")
  }
}
