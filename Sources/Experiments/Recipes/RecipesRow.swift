import Evaluation

/// All arms of a group with their finished cells of the comparison.
public struct RecipesRow: Sendable {
  public let group: RecipesGroup
  public let isDevelopment: Bool
  public let arms: [Line]

  /// An arm, seed by seed, and its comparisons; those of recipes are corrected within the group by Holm's method.
  public struct Line: Sendable {
    public let name: String
    public let arm: Arm
    public let cells: [FinishedCell<Experiment>]
    /// Test errors against the same data's and the tuned noise's.
    public internal(set) var toSame: PairedComparison?
    public internal(set) var toNoise: PairedComparison?

    public var seeds: [UInt64] { cells.map(\.cell.seed) }

    func summary(_ figure: (Experiment.Outcome) -> Double?) -> Summary? {
      try? Summary(cells.compactMap { figure($0.outcome) }.filter(\.isFinite))
    }
  }

  /// - Throws: what reading cells throws.
  init(_ group: RecipesGroup, plan: RecipesPlan, choice: RecipesChoice, store: CellStore) throws {
    self.group = group
    isDevelopment = plan.development.contains(group)
    var arms = try choice.arms(in: group).map { name, arm in
      Line(
        name: name, arm: arm,
        cells: try (1...plan.seeds).compactMap {
          try store.finished(group.experiment(arm, seed: UInt64($0), usesTest: true))
        })
    }
    let recipes = Set(
      arms.filter { arm in
        arm.name == RecipesChoice.winnerName
          || plan.families.contains { $0.name == arm.name && $0.isRecipe == true }
      }.map(\.arm))
    for (baseline, path) in [(RecipesPlan.same, \Line.toSame), (RecipesPlan.noise, \Line.toNoise)] {
      guard let control = arms.first(where: { $0.name == baseline }) else { continue }
      for index in arms.indices where arms[index].arm != control.arm {
        arms[index][keyPath: path] = Self.comparison(arms[index], control)
      }
      // Two families may have chosen one setting: it is one comparison.
      let tested = recipes.filter { setting in arms.contains { $0.arm == setting && $0[keyPath: path] != nil }
      }
      .sorted { $0.description < $1.description }
      let family = PairedComparison.family(
        tested.compactMap { setting in arms.first { $0.arm == setting }?[keyPath: path] })
      for (setting, comparison) in zip(tested, family) {
        for index in arms.indices where arms[index].arm == setting { arms[index][keyPath: path] = comparison }
      }
    }
    self.arms = arms.filter { !$0.cells.isEmpty }
  }

  subscript(name: String) -> Line? { arms.first { $0.name == name } }

  private static func comparison(_ arm: Line, _ control: Line) -> PairedComparison? {
    let base = Dictionary(control.cells.map { ($0.cell.seed, $0.outcome.trained.test ?? .nan) }) { first, _ in
      first
    }
    let pairs = arm.cells.compactMap { cell in
      base[cell.cell.seed].flatMap { other in cell.outcome.trained.test.map { ($0, other) } }
    }
    return try? PairedComparison(treatment: pairs.map(\.0), baseline: pairs.map(\.1), seed: 1)
  }

  /// Seconds of a training with all that belongs to it: the making of examples, and the training of the model that they
  /// are made against, which is that of the same data.
  func cost(_ arm: Line) -> Double {
    let own = mean(arm.cells.map { $0.outcome.trainingSeconds + $0.outcome.attackSeconds })
    guard arm.arm.needsOriginal, let same = self[RecipesPlan.same] else { return own }
    return own + mean(same.cells.map(\.outcome.trainingSeconds))
  }
}
