import Evaluation

/// All arms of a group with their finished cells of the comparison.
public struct RecipesRow: Sendable {
  public let group: RecipesGroup
  public let isDevelopment: Bool
  public let arms: [Arm]

  /// An arm, seed by seed, and its comparisons; those of recipes are corrected within the group by Holm's method.
  public struct Arm: Sendable {
    public let name: String
    public let arm: RecipesArm
    public let cells: [FinishedCell<RecipesCell>]
    /// Test errors against the same data's and the tuned noise's.
    public internal(set) var toSame: PairedComparison?
    public internal(set) var toNoise: PairedComparison?

    public var seeds: [UInt64] { cells.map(\.cell.seed) }

    func summary(_ figure: (RecipesCell.Outcome) -> Double?) -> Summary? {
      try? Summary(cells.compactMap { figure($0.outcome) }.filter(\.isFinite))
    }
  }

  /// - Throws: what reading cells throws.
  init(_ group: RecipesGroup, plan: RecipesPlan, choice: RecipesChoice, store: CellStore) throws {
    self.group = group
    isDevelopment = plan.development.contains(group)
    var arms = try choice.arms(in: group).map { name, arm in
      Arm(
        name: name, arm: arm,
        cells: try (1...plan.seeds).compactMap {
          try store.finished(RecipesCell(group: group, arm: arm, seed: UInt64($0), usesTest: true))
        })
    }
    let recipes = Set(
      arms.filter { arm in
        arm.name == RecipesChoice.winnerName
          || plan.families.contains { $0.name == arm.name && $0.isRecipe == true }
      }.map(\.arm))
    for (baseline, path) in [(RecipesPlan.same, \Arm.toSame), (RecipesPlan.noise, \Arm.toNoise)] {
      guard let control = arms.first(where: { $0.name == baseline }) else { continue }
      for index in arms.indices where arms[index].arm != control.arm {
        arms[index][keyPath: path] = Self.comparison(arms[index], control)
      }
      // Two families may have chosen one setting: it is one comparison.
      let tested = recipes.compactMap { setting in arms.first { $0.arm == setting }?[keyPath: path] }
      let corrected = holmAdjusted(tested.map(\.test.pValue))
      let adjusted = Dictionary(zip(tested.map(\.test.pValue), corrected)) { max($0, $1) }
      for index in arms.indices where recipes.contains(arms[index].arm) {
        guard let p = arms[index][keyPath: path]?.test.pValue, let value = adjusted[p] else { continue }
        arms[index][keyPath: path]?.adjustedPValue = value
      }
    }
    self.arms = arms.filter { !$0.cells.isEmpty }
  }

  subscript(name: String) -> Arm? { arms.first { $0.name == name } }

  private static func comparison(_ arm: Arm, _ control: Arm) -> PairedComparison? {
    let base = Dictionary(control.cells.map { ($0.cell.seed, $0.outcome.test ?? .nan) }) { first, _ in first }
    let pairs = arm.cells.compactMap { cell in
      base[cell.cell.seed].flatMap { other in cell.outcome.test.map { ($0, other) } }
    }
    return try? PairedComparison(treatment: pairs.map(\.0), baseline: pairs.map(\.1), seed: 1)
  }

  /// Seconds of a training with all that belongs to it: the making of examples, and the training of the model that they
  /// are made against, which is that of the same data.
  func cost(_ arm: Arm) -> Double {
    let own = mean(arm.cells.map { $0.outcome.trainingSeconds + $0.outcome.generationSeconds })
    guard arm.arm.needsOriginal, let same = self[RecipesPlan.same] else { return own }
    return own + mean(same.cells.map(\.outcome.trainingSeconds))
  }
}
