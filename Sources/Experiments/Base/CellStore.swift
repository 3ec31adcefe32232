import Formats
import Foundation

/// The files of a study: one small JSON file a finished cell, written whole or not at all, and artifacts that cells share.
///
/// ```
/// <folder>/cells/<label>-<hash>.json     the cell, its outcome, its seconds
/// <folder>/artifacts/<name>-<hash>       what several cells share
/// <folder>/scratch/<hash>                unfinished work of a cell that can go on with it
/// <folder>/claims/<hash>                 held by the process that works on it; freed by the kernel when it ends
/// ```
public struct CellStore: Sendable {
  public let folder: String

  /// - Throws: `SystemError` where the folders cannot be made.
  public init(folder: String) throws {
    self.folder = folder
    for part in ["cells", "artifacts", "claims", "scratch"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
    }
  }

  /// What a cell's file holds.
  private struct Record<Cell: StudyCell>: Codable {
    var cell: Cell
    var outcome: Cell.Outcome
    var seconds: Double
  }

  /// The finished cell, or nil where its file is missing, damaged or of another cell.
  public func finished<Cell: StudyCell>(_ cell: Cell) throws -> FinishedCell<Cell>? {
    guard let data = FileManager.default.contents(atPath: try path(of: cell)),
      let record = try? JSON.decoder.decode(Record<Cell>.self, from: data),
      try Self.key(record.cell) == Self.key(cell)
    else { return nil }
    return FinishedCell(cell: cell, outcome: record.outcome, seconds: record.seconds)
  }

  func write<Cell: StudyCell>(_ finished: FinishedCell<Cell>) throws {
    let record = Record(cell: finished.cell, outcome: finished.outcome, seconds: finished.seconds)
    try AtomicFile.write(JSON.encoder().encode(record), to: path(of: finished.cell))
  }

  /// Claims a cell; nil where another process or worker has it.
  func claim(_ cell: some StudyCell) throws -> Claim? {
    try Claim(path: "\(folder)/claims/\(Self.hash(cell))", wait: false)
  }

  func artifact(_ name: String, key: some Encodable, make: () throws -> [UInt8]) throws -> String {
    let hash = try Self.hash(key)
    let path = "\(folder)/artifacts/\(Self.fileName(name))-\(hash)"
    if FileManager.default.fileExists(atPath: path) { return path }
    // A name of its own: an artifact may have the very cell as its key that is at work.
    let claim = try Claim(path: "\(folder)/claims/artifact-\(hash)", wait: true)
    defer { withExtendedLifetime(claim) {} }
    if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(make(), to: path) }
    return path
  }

  /// The path of an artifact that was made before.
  public func existingArtifact(_ name: String, key: some Encodable) throws -> String? {
    let path = "\(folder)/artifacts/\(Self.fileName(name))-\(try Self.hash(key))"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// Every finished cell of a kind in the folder, whatever study put it there; other files are passed over.
  public func all<Cell: StudyCell>(_: Cell.Type = Cell.self) throws -> [FinishedCell<Cell>] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder)/cells").sorted().compactMap { name in
      guard name.hasSuffix(".json"),
        let data = FileManager.default.contents(atPath: "\(folder)/cells/\(name)"),
        let record = try? JSON.decoder.decode(Record<Cell>.self, from: data)
      else { return nil }
      return FinishedCell(cell: record.cell, outcome: record.outcome, seconds: record.seconds)
    }
  }

  /// Where a cell keeps unfinished work.
  func scratch(of cell: some StudyCell) throws -> String { "\(folder)/scratch/\(try Self.hash(cell))" }

  /// Where a cell's file is.
  public func path(of cell: some StudyCell) throws -> String {
    "\(folder)/cells/\(Self.fileName(cell.label))-\(try Self.hash(cell)).json"
  }

  static func key(_ value: some Encodable) throws -> Data { try JSON.encoder().encode(value) }

  static func hash(_ value: some Encodable) throws -> String {
    String(SHA256.digest(of: try key(value)).prefix(16))
  }

  private static func fileName(_ label: String) -> String {
    String(
      label.map { $0.isASCII && ($0.isLetter || $0.isNumber || ".=_".contains($0)) ? $0 : "-" }.prefix(120))
  }
}

/// An exclusive hold on a name, between processes and between threads of one. The kernel frees it when the process ends,
/// however it ends, so nothing is ever stale; the empty file stays.
final class Claim {
  private let descriptor: Int32

  /// - Returns: nil where somebody else holds it and `wait` is false.
  init?(path: String, wait: Bool) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    while flock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      if code == EWOULDBLOCK {
        close(descriptor)
        return nil
      }
      // A file system without locks: two processes would at worst do a cell twice, with the same outcome.
      break
    }
  }

  deinit { close(descriptor) }
}
