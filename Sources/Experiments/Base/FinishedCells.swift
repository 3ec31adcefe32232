import Formats
import Foundation

/// What is finished of a study, as a page or a later stage sees it: cells that one software made of one state of the
/// data.
public struct FinishedCells<Cell: StudyCell>: Sendable {
  /// All of them, in the order of the plan.
  public let all: [FinishedCell<Cell>]
  /// The commands that were given for them, each once.
  public let commands: [String]
  private let byCell: [Data: Int]

  /// Cells, with the commands that made them.
  /// - Throws: ``StudyError`` where they are not of one software.
  public init(_ all: [FinishedCell<Cell>], commands: [String] = []) throws {
    self.all = all
    self.commands = commands
    byCell = Dictionary(
      try all.enumerated().map { (try JSON.encoder().encode($1.cell), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Reads folders of a study.
  ///
  /// Cells of the present software count; where there are none, those of another one, if it is one.
  ///
  /// - Parameter digests: where the data sets are at hand, theirs by name: cells of other states of them do not count.
  /// - Throws: ``StudyError/settings(_:)`` for a folder that holds no study, no finished cell, cells of several other
  ///   versions, or cells of two states of a data set.
  public init(folders: [String], software: [String: String], digests: [String: String] = [:]) throws {
    var cells: [FinishedCell<Cell>] = []
    var commands: [String] = []
    for folder in folders {
      guard FileManager.default.fileExists(atPath: folder + "/cells") else {
        throw StudyError.settings("\(folder) holds no study: run it before its page is written")
      }
      let own: [FinishedCell<Cell>] = try Self.read(folder).filter { cell in
        cell.provenance.data.allSatisfy { digests[$0.key] ?? $0.value == $0.value }
      }
      if own.isEmpty { throw StudyError.settings("\(folder) has no finished cells") }
      cells += own
      commands += Commands(folder: folder).lines.filter { !commands.contains($0) }
    }
    let makers = Set(cells.map(\.provenance.software))
    let maker = makers.contains(software) ? software : makers.first ?? software
    if makers.count > 1, maker != software {
      let names = makers.map(Provenance.text).sorted().joined(separator: " and by ")
      throw StudyError.settings(
        "\(folders.joined(separator: ", ")): the cells were made by \(names); "
          + "run the study again for a page of one version")
    }
    try self.init(cells.filter { $0.provenance.software == maker }, commands: commands)
    var digests = digests
    for (name, digest) in all.flatMap(\.provenance.data) {
      if digests.updateValue(digest, forKey: name) ?? digest != digest {
        throw StudyError.settings(
          "\(folders.joined(separator: ", ")): the cells were made of two states of the data set \(name); "
            + "choose a fresh folder and run the study again")
      }
    }
  }

  static func read(_ folder: String) throws -> [FinishedCell<Cell>] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder)/cells").sorted().compactMap {
      $0.hasSuffix(".json") ? CellStore.read("\(folder)/cells/\($0)", folder: folder) : nil
    }
  }

  /// The finished cell; nil where it is not finished.
  public subscript(cell: Cell) -> FinishedCell<Cell>? {
    (try? JSON.encoder().encode(cell)).flatMap { byCell[$0] }.map { all[$0] }
  }

  /// The software that made the cells, as text.
  public var software: String { all.first.map { Provenance.text($0.provenance.software) } ?? "" }

  /// The cells as their files have them, as one document.
  func json(_ cells: [FinishedCell<Cell>]) throws -> Data {
    try JSON.encoder().encode(
      cells.map {
        CellStore.Record(
          cell: $0.cell, outcome: $0.outcome, seconds: $0.seconds, software: $0.provenance.software,
          data: $0.provenance.data)
      })
  }
}

/// The commands that were given for a study's folder, which its page names.
struct Commands {
  private let path: String

  init(folder: String) { path = folder + "/commands.txt" }

  var lines: [String] {
    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }

  /// Adds a command unless it is there.
  /// - Throws: `SystemError`.
  func add(_ command: String) throws {
    let known = lines
    guard !known.contains(command) else { return }
    try AtomicFile.write(Data((known + [command]).map { $0 + "\n" }.joined().utf8), to: path)
  }
}
