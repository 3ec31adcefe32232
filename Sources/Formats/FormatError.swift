/// A file that is not what its format says: which file, where in it, and what is wrong, in one line.
public struct FormatError: Error, Equatable, CustomStringConvertible {
  /// A place in a file. Bytes count from 0, as tools that dump bytes do; records from 0, lines and columns from 1.
  public enum Position: Sendable, Equatable {
    /// A byte, from 0.
    case byte(Int)
    /// A record, from 0.
    case record(Int)
    /// A line, from 1.
    case line(Int)
    /// A field of a line, both from 1.
    case cell(line: Int, column: Int)
    /// A named part: a tensor, an archive's entry, a MATLAB variable.
    case entry(String)
  }

  /// The file's path, or what stands for it where the bytes came from memory.
  public let file: String
  /// Where in the file, where that is known.
  public let position: Position?
  /// What is wrong and, where that helps, what to do.
  public let problem: String

  /// An error of its parts.
  public init(_ file: String, at position: Position? = nil, _ problem: String) {
    self.file = file
    self.position = position
    self.problem = problem
  }

  public var description: String {
    let place =
      switch position {
      case nil: ""
      case .byte(let offset): ", byte \(offset)"
      case .record(let index): ", record \(index)"
      case .line(let number): ", line \(number)"
      case .cell(let line, let column): ", line \(line), column \(column)"
      case .entry(let name): ", \(FormatError.quoted(name))"
      }
    return FormatError.oneLine("\(file)\(place): \(problem)")
  }

  /// The same without the file's path, for errors that say it otherwise.
  package func problem(within path: String) -> String {
    let text = description
    return text.hasPrefix(path) ? String(text.dropFirst(path.count).drop { ",: ".contains($0) }) : text
  }

  /// A name out of a file, safe to print: cut to a sane length, in quotes.
  package static func quoted(_ name: String) -> String {
    name.count > 80 ? "'\(oneLine(String(name.prefix(80))))…'" : "'\(oneLine(name))'"
  }

  /// Control characters and line separators out of a hostile file must neither break the line nor reach a terminal.
  package static func oneLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: breaksLine) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { breaksLine($0) ? "�" : $0 }))
  }

  private static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
