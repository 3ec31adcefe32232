import Formats

/// Data that cannot be had, in one line: what, where, and what to do.
public enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// No set has this name, and no file or folder this path.
  case unknown(name: String, nearest: String?)
  /// The set's files are not on this machine, or nobody said where.
  case absent(name: String, folder: String?, files: [String])
  /// The files are there, but what they hold cannot be used together or as asked.
  case unusable(name: String, reason: String)

  public var description: String { FormatError.oneLine(line) }

  private var line: String {
    switch self {
    case .unknown(let name, let nearest):
      let hint = nearest.map { "did you mean '\($0)'?" } ?? "`uae data list` shows the sets"
      return "'\(name)' is neither a data set nor a file or folder; \(hint)"
    case .absent(let name, nil, _):
      return "\(name): no data folder is known; give --data-root or set UAE_DATA"
    case .absent(let name, let folder?, let files):
      let missing = files.isEmpty ? "" : ": \(files.joined(separator: ", "))"
      return "\(name): missing in \(folder)\(missing); `uae data fetch \(name)` gets it"
    case .unusable(let name, let reason):
      return "\(name): \(reason)"
    }
  }
}
