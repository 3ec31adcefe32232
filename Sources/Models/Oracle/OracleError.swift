/// Why a model in another process cannot be asked: one line with the command and what to do.
public struct OracleError: Error, Equatable, CustomStringConvertible {
  /// The command that serves the model.
  public let name: String
  /// What went wrong, in one line.
  public let problem: String

  init(_ name: String, _ problem: String) {
    self.name = name
    self.problem = problem
  }

  public var description: String { "\(name): \(problem)" }
}
