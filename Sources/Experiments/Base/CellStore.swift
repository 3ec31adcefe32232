import Formats
import Foundation
import Runs

/// The files of a study: one small JSON file per finished cell, written whole or not at all, and artifacts that cells
/// share.
///
/// ```
/// <folder>/cells/<label>-<hash>.json     the cell, its outcome, its seconds, the data's digests, the software
/// <folder>/artifacts/<name>-<hash>       what several cells share
/// <folder>/scratch/<hash>                unfinished work of a cell that can go on with it
/// <folder>/claims/<hash>                 held by the process that works on it; freed by the kernel when it ends
/// ```
/// Hashes cover the cell, the data and the software, so that what another version made of it, or the same version of
/// other data, is neither taken for it nor lost.
public struct CellStore: Sendable {
  /// The folder of the files, one a cell.
  public let folder: String
  /// The versions of what computes.
  let software: [String: String]
  let data: DatasetCache

  /// - Throws: `SystemError` where the folders cannot be made.
  public init(folder: String, software: [String: String], data: DatasetCache = DatasetCache()) throws {
    self.folder = folder
    self.software = software
    self.data = data
    for part in ["cells", "artifacts", "claims", "scratch"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
    }
  }

  /// What a cell's file holds.
  struct Record<Cell: StudyCell>: Codable {
    var cell: Cell
    var outcome: Cell.Outcome
    var seconds: Double
    var software: [String: String]
    var data: [String: String]
  }

  private struct Identity<Value: Encodable>: Encodable {
    var value: Value
    var provenance: Provenance
  }

  /// What would decide the cell's outcome now.
  /// - Throws: what reading its data sets throws.
  func provenance(of cell: some StudyCell) throws -> Provenance {
    var digests: [String: String] = [:]
    for part in cell.sets {
      digests[part.dataset] = try data.load(part.dataset, limit: part.pool).dataset.digest
    }
    return Provenance(software: software, data: digests)
  }

  /// The finished cell, or nil where its file is missing or damaged.
  public func finished<Cell: StudyCell>(_ cell: Cell) throws -> FinishedCell<Cell>? {
    let found: FinishedCell<Cell>? = Self.read(try path(of: cell), folder: folder)
    guard let found, try JSON.encoder().encode(found.cell) == JSON.encoder().encode(cell) else { return nil }
    return found
  }

  static func read<Cell: StudyCell>(_ path: String, folder: String) -> FinishedCell<Cell>? {
    guard let data = FileManager.default.contents(atPath: path),
      let record = try? JSON.decoder.decode(Record<Cell>.self, from: data)
    else { return nil }
    return FinishedCell(
      cell: record.cell, outcome: record.outcome, seconds: record.seconds,
      provenance: Provenance(software: record.software, data: record.data), folder: folder)
  }

  func write<Cell: StudyCell>(_ cell: Cell, _ outcome: Cell.Outcome, seconds: Double) throws {
    let provenance = try provenance(of: cell)
    let record = Record(
      cell: cell, outcome: outcome, seconds: seconds, software: provenance.software, data: provenance.data)
    try AtomicFile.write(JSON.encoder().encode(record), to: path(of: cell))
  }

  /// Claims a cell; nil where another process or worker has it.
  func claim(_ cell: some StudyCell) throws -> Claim? {
    try Claim(path: "\(folder)/claims/\(hash(cell))", wait: false)
  }

  /// Another cell is making the file.
  struct MadeElsewhere: Error {}

  /// - Throws: ``MadeElsewhere`` at once unless it is to wait.
  func artifact(
    _ name: String, key: some Encodable, _ provenance: Provenance, waits: Bool, make: () throws -> [UInt8]
  ) throws -> String {
    let path = try Self.artifactPath(name, key: key, provenance, in: folder)
    if FileManager.default.fileExists(atPath: path) { return path }
    // A name of its own: an artifact may have the very cell as its key that is at work.
    let hash = try Self.hash(key, provenance)
    guard let claim = try Claim(path: "\(folder)/claims/artifact-\(hash)", wait: waits) else {
      throw MadeElsewhere()
    }
    defer { withExtendedLifetime(claim) {} }
    if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(make(), to: path) }
    return path
  }

  /// The path of an artifact that was made before.
  static func existingArtifact(
    _ name: String, key: some Encodable, _ provenance: Provenance, in folder: String
  ) throws -> String? {
    let path = try artifactPath(name, key: key, provenance, in: folder)
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  private static func artifactPath(
    _ name: String, key: some Encodable, _ provenance: Provenance, in folder: String
  ) throws -> String {
    "\(folder)/artifacts/\(fileName(name))-\(try hash(key, provenance))"
  }

  /// Where a cell keeps unfinished work.
  func scratch(of cell: some StudyCell) throws -> String { "\(folder)/scratch/\(try hash(cell))" }

  /// Where a cell's file is.
  public func path(of cell: some StudyCell) throws -> String {
    "\(folder)/cells/\(Self.fileName(cell.label))-\(try hash(cell)).json"
  }

  func hash(_ cell: some StudyCell) throws -> String { try Self.hash(cell, provenance(of: cell)) }

  private static func hash(_ value: some Encodable, _ provenance: Provenance) throws -> String {
    let identity = Identity(value: value, provenance: provenance)
    return String(SHA256.digest(of: try JSON.encoder().encode(identity)).prefix(16))
  }

  private static func fileName(_ label: String) -> String {
    String(
      label.map { $0.isASCII && ($0.isLetter || $0.isNumber || ".=_".contains($0)) ? $0 : "-" }.prefix(120))
  }
}

/// An exclusive hold on a name, between processes and between threads of one; where a file system has no locks, two
/// processes would at worst do a cell twice, with the same outcome. The empty file stays.
final class Claim {
  private let locks: FileLocks

  /// - Returns: nil where somebody else holds it and `wait` is false.
  init?(path: String, wait: Bool) throws {
    locks = try FileLocks(path: path)
    guard locks.acquire(0, waiting: wait) else { return nil }
  }
}
