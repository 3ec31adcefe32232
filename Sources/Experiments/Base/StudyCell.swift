/// One independent experiment of a study: a value that says all that decides its outcome.
///
/// The encoded cell is its identity, together with the data's digests and the software's versions: two cells with the
/// same settings are one experiment, and a changed setting makes another one. Whatever else influences the outcome is
/// therefore a stored property, the seed included.
public protocol StudyCell: Codable, Sendable {
  /// What is found.
  associatedtype Outcome: Codable & Sendable
  /// A readable name, such as `mnist/dense/paper/seed-1`; it need not be unique.
  var label: String { get }
  /// The data sets that it reads.
  var sets: [DataPart] { get }
  /// Performs the experiment. The same cell gives the same outcome in any order, process or number of workers.
  ///
  /// - Throws: `CancellationError` where ``CellContext/checkCancelled()`` said so; any other error fails this cell alone.
  func run(_ context: CellContext) throws -> Outcome
}

/// What decides an outcome besides the cell.
public struct Provenance: Codable, Hashable, Sendable {
  /// The versions of what computed, by name.
  public var software: [String: String]
  /// The digests of the data sets, by name.
  public var data: [String: String]

  /// An origin of software and data.
  public init(software: [String: String], data: [String: String] = [:]) {
    self.software = software
    self.data = data
  }

  /// `libtorch 2.13.0, swift-uae 0.1.0`
  public static func text(_ software: [String: String]) -> String {
    software.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}

/// What a cell may use while it runs.
public struct CellContext: Sendable {
  let store: CellStore
  /// The study's data sets.
  public let data: DatasetCache
  let provenance: Provenance
  /// A folder that the cell may keep unfinished work in: it is found again after a stop, and goes with the cell's end.
  public let scratch: String
  /// Whether the cell waits for a file that another cell is making; else it is put back and begun once more later.
  let waits: Bool
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

  /// The path of a file that several cells share, such as a trained model: made by the first that needs it, found by
  /// all later ones.
  ///
  /// A cell that comes while another makes it is begun again after the open ones, so ask for shared files first.
  ///
  /// - Parameters:
  ///   - key: says all that decides the content besides data and software; it is hashed into the file's name.
  ///   - name: a readable beginning of that name.
  public func artifact(_ name: String, key: some Encodable, make: () throws -> [UInt8]) throws -> String {
    try store.artifact(name, key: key, provenance, waits: waits, make: make)
  }
}

/// A finished cell.
public struct FinishedCell<Cell: StudyCell>: Sendable {
  /// What was to be computed.
  public let cell: Cell
  /// What was found.
  public let outcome: Cell.Outcome
  /// Wall-clock seconds that it took.
  public let seconds: Double
  /// By which software, of which data.
  public let provenance: Provenance
  /// The study's folder that it is in; nil where it is in none.
  public let folder: String?

  /// A cell with what was found.
  public init(
    cell: Cell, outcome: Cell.Outcome, seconds: Double, provenance: Provenance, folder: String? = nil
  ) {
    self.cell = cell
    self.outcome = outcome
    self.seconds = seconds
    self.provenance = provenance
    self.folder = folder
  }

  /// The path of a file that the cell made and shares.
  /// - Throws: `EncodingError`.
  public func artifact(_ name: String, key: some Encodable) throws -> String? {
    try folder.flatMap { try CellStore.existingArtifact(name, key: key, provenance, in: $0) }
  }
}

/// Why a study could not be finished, in one line.
public enum StudyError: Error, Equatable, CustomStringConvertible {
  /// A plan or a choice that cannot be, in one line.
  case settings(String)
  /// Cells failed; the first reason.
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
