import Formats
import Foundation
import Reports
import Runs

/// A study in a folder: runs what is not finished of it, and writes its page.
public struct StudyRun<S: Study>: Sendable {
  /// What is run.
  public let plan: S.Plan
  /// Where it is kept.
  public let folder: String
  private let software: [String: String]

  /// - Parameter software: the versions of what computes.
  public init(_: S.Type = S.self, plan: S.Plan, folder: String, software: [String: String]) {
    self.plan = plan
    self.folder = folder
    self.software = software
  }

  /// Runs every cell that is not finished, stage after stage; stopped at any time, it goes on where it was.
  ///
  /// - Parameters:
  ///   - workers: how many cells run at a time, each on one thread.
  ///   - command: what the page says was given, without where things are.
  /// - Returns: all that is finished in the folder, of these data.
  /// - Throws: as ``CellRunner``.
  @discardableResult
  public func run(
    workers: Int, data: DatasetCache = DatasetCache(), progress: RunProgress, command: String
  ) throws -> FinishedCells<S.Cell> {
    let store = try CellStore(folder: folder, software: software, data: data)
    try Commands(folder: folder).add(command)
    if let others = try foreign(store) { progress.warn(others) }
    var found = try FinishedCells<S.Cell>([])
    var stage = 0
    while let cells = try S.cells(plan, stage: stage, found) {
      let runner = try CellRunner(store: store, cells: cells)
      try runner.run(workers: workers, progress: progress)
      found = try FinishedCells(found.all + runner.finished())
      stage += 1
    }
    let digests = found.all.reduce(into: [:]) { $0.merge($1.provenance.data) { $1 } }
    return try FinishedCells(folders: [folder], software: software, digests: digests)
  }

  /// The page of what is finished.
  public func document(_ found: FinishedCells<S.Cell>) throws -> Document { try S.document(plan, found) }

  /// The page of what is finished in the folder, or in other ones.
  ///
  /// - Throws: ``StudyError``; what a picture throws.
  public func document(from folders: [String] = []) throws -> Document {
    try S.document(
      plan, FinishedCells(folders: folders.isEmpty ? [folder] : folders, software: software))
  }

  /// A line on the folder's cells that are not this program's own of these data, if there are any.
  private func foreign(_ store: CellStore) throws -> String? {
    let cells: [FinishedCell<S.Cell>] = try FinishedCells.read(folder)
    let makers = cells.filter { $0.provenance.software != software }.map(\.provenance.software)
    if let maker = makers.first {
      return
        "\(folder): \(makers.count) finished cells were made by \(Provenance.text(maker)), this is "
        + "\(Provenance.text(software)): they stay as they are, and are not used"
    }
    let changed = try cells.filter { try $0.provenance != store.provenance(of: $0.cell) }
    return changed.first.map { first in
      let sets = first.provenance.data.keys.sorted().joined(separator: ", ")
      return "\(folder): \(changed.count) finished cells were made of other data (\(sets)): "
        + "they stay as they are, and are not used"
    }
  }
}
