import Runs

/// The study in its order: the trainings that settings are chosen from, then the comparison with the chosen ones.
public struct RecipesStudy: Sendable {
  public let plan: RecipesPlan
  public let folder: String

  public init(_ plan: RecipesPlan, folder: String) {
    self.plan = plan
    self.folder = folder
  }

  /// Runs what is not finished; stopped at any time, it goes on where it was.
  ///
  /// - Throws: as ``Study/run(workers:data:progress:)``.
  public func run(
    workers: Int, data: DatasetCache = DatasetCache(), progress: RunProgress = RunProgress()
  ) throws {
    func perform(_ cells: [Experiment]) throws -> CellStore {
      let study = try Study(folder: folder, cells: cells)
      try study.run(workers: workers, data: data, progress: progress)
      return study.store
    }
    var seen: Set<String> = []
    let first = (plan.tuningCells + plan.convergenceCells).filter {
      seen.insert("\($0.label)/\($0.schedule)").inserted
    }
    let store = try perform(first)
    _ = try perform(RecipesChoice(plan, store: store).finalCells)
  }
}
