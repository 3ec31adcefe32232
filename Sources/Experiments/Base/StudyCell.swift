/// One independent experiment of a study: a value that says all that decides its outcome.
///
/// The encoded cell is its identity: two cells with the same settings are one experiment, and a changed setting makes
/// another one. Whatever influences the outcome is therefore a stored property, the seed included.
public protocol StudyCell: Codable, Sendable {
  associatedtype Outcome: Codable & Sendable
  /// A readable name, such as `mnist/dense/paper/seed-1`; it need not be unique.
  var label: String { get }
  /// Performs the experiment. The same cell gives the same outcome in any order, process or number of workers.
  ///
  /// - Throws: `CancellationError` where ``CellContext/checkCancelled()`` said so; any other error fails this cell alone.
  func run(_ context: CellContext) throws -> Outcome
}

/// What a cell may use while it runs.
public struct CellContext: Sendable {
  let store: CellStore
  /// The study's data sets.
  public let data: DatasetCache
  /// A folder that the cell may keep unfinished work in: it is found again after a stop, and goes with the cell's end.
  public let scratch: String
  let budget: ThreadBudget
  /// Tells the user a line.
  public let note: @Sendable (String) -> Void
  /// The threads that this cell may keep busy now; it changes as other cells begin and end.
  public var threads: Int { budget.share }
  let isCancelled: @Sendable () -> Bool

  /// - Throws: `CancellationError` once the study was asked to stop.
  public func checkCancelled() throws { if isCancelled() { throw CancellationError() } }

  /// Whether the study was asked to stop, for work that takes the question as a closure.
  public var stopsEarly: @Sendable () -> Bool { isCancelled }

  /// The path of a file that several cells share, such as a trained model: made by the first that needs it while the
  /// others wait, found by all later ones.
  ///
  /// - Parameters:
  ///   - key: says all that decides the content; it is hashed into the file's name.
  ///   - name: a readable beginning of that name.
  public func artifact(_ name: String, key: some Encodable, make: () throws -> [UInt8]) throws -> String {
    try store.artifact(name, key: key, make: make)
  }
}

/// A finished cell.
public struct FinishedCell<Cell: StudyCell>: Sendable {
  public let cell: Cell
  public let outcome: Cell.Outcome
  /// Wall-clock seconds that it took.
  public let seconds: Double
}

/// Why a study could not be finished, in one line.
public enum StudyError: Error, Equatable, CustomStringConvertible {
  case settings(String)
  case failed(cells: [String], first: String)

  public var description: String {
    switch self {
    case .settings(let problem): problem
    case .failed(let cells, let first):
      "\(cells.count) cell\(cells.count == 1 ? "" : "s") failed, the first (\(cells[0])) with: \(first); "
        + "the others are safe, and the same command tries the failed ones again"
    }
  }
}
