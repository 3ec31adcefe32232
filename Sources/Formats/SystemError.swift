import Foundation

/// A call of the operating system on a file that failed: which call, on which path, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The call: `open`, `write`, `rename`…
  public let operation: String
  /// The file or folder.
  public let path: String
  /// The value of `errno`.
  public let code: Int32

  /// The failure of the call just made, read from `errno`.
  public init(_ operation: String, _ path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  public var description: String { "\(path): cannot \(operation): \(String(cString: strerror(code)))" }
}
