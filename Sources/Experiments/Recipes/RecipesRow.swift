import Evaluation
import Reports

/// All arms of a group with their finished cells of the comparison.
package struct RecipesRow: Sendable {
  package let group: RecipesGroup
  package let isDevelopment: Bool
  package let arms: [Line]

  /// An arm and its comparisons; those of recipes are corrected within the group by Holm's method.
  package struct Line: Sendable {
    package let arm: ArmCells
    /// Test errors against the same data's and the tuned noise's.
    package internal(set) var toSame: PairedComparison?
    package internal(set) var toNoise: PairedComparison?
  }

  init(_ group: RecipesGroup, plan: RecipesPlan, choice: RecipesChoice, _ found: FinishedCells<Experiment>) {
    self.group = group
    isDevelopment = plan.development.contains(group)
    var arms = choice.arms(in: group).map { name, arm in
      Line(
        arm: ArmCells(
          name: name, arm: arm,
          cells: (1...plan.seeds).compactMap {
            found[group.experiment(arm, seed: UInt64($0), usesTest: true)]
          }))
    }
    let recipes = Set(
      arms.map(\.arm).filter { arm in
        arm.name == RecipesChoice.winnerName
          || plan.families.contains { $0.name == arm.name && $0.isRecipe == true }
      }.map(\.arm))
    for (baseline, path) in [(RecipesPlan.same, \Line.toSame), (RecipesPlan.noise, \Line.toNoise)] {
      guard let control = arms.first(where: { $0.arm.name == baseline })?.arm else { continue }
      for index in arms.indices where arms[index].arm.arm != control.arm {
        arms[index][keyPath: path] = arms[index].arm.comparison(with: control, .testError)
      }
      // Two families may have chosen one setting: it is one comparison.
      let tested = recipes.filter { setting in
        arms.contains { $0.arm.arm == setting && $0[keyPath: path] != nil }
      }.sorted { $0.description < $1.description }
      let family = PairedComparison.family(
        tested.compactMap { setting in arms.first { $0.arm.arm == setting }?[keyPath: path] })
      for (setting, comparison) in zip(tested, family) {
        for index in arms.indices where arms[index].arm.arm == setting {
          arms[index][keyPath: path] = comparison
        }
      }
    }
    self.arms = arms.filter { !$0.arm.cells.isEmpty }
  }

  subscript(name: String) -> Line? { arms.first { $0.arm.name == name } }

  /// Seconds of a training with all that belongs to it: the making of examples, and the training of the model that they
  /// are made against, which is that of the same data.
  func cost(_ line: Line) -> Double {
    let own = mean(line.arm.cells.map { $0.outcome.trainingSeconds + $0.outcome.attackSeconds })
    guard line.arm.arm.needsOriginal, let same = self[RecipesPlan.same]?.arm else { return own }
    return own + mean(same.cells.map(\.outcome.trainingSeconds))
  }
}
