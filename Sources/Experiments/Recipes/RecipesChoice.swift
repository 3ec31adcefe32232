import Attacks
import Evaluation
import Foundation

/// The settings that validation data choose, and the recipe that wins on them.
package struct RecipesChoice: Sendable {
  /// A candidate's validation error against the same data's, group by group: −0.2 is 20 % less.
  package struct Candidate: Sendable {
    package let family: String
    package let arm: Arm
    /// By the group's label; means over the tuning seeds of the paired ratios.
    package let change: [String: Double]

    /// The mean over the groups of development.
    package let mean: Double
  }

  package let candidates: [Candidate]
  private let plan: RecipesPlan

  /// - Throws: ``StudyError/settings(_:)`` where tuning cells are missing.
  package init(_ plan: RecipesPlan, _ found: FinishedCells<Experiment>) throws {
    self.plan = plan
    var errors: [String: [Arm: [UInt64: Double]]] = [:]
    for cell in plan.tuningCells {
      guard let finished = found[cell] else {
        throw StudyError.settings("\(cell.label) is not finished: settings cannot be chosen yet")
      }
      errors[RecipesGroup(cell).label, default: [:]][cell.arm, default: [:]][cell.seed] =
        finished.outcome.trained.validation ?? .nan
    }
    let reference = plan.families.first { $0.name == RecipesPlan.same }?.grid?.first
    candidates = plan.families.flatMap { family in
      (family.grid ?? []).map { arm in
        var change: [String: Double] = [:]
        for (group, arms) in errors {
          guard let mine = arms[arm], let same = reference.flatMap({ arms[$0] }) else { continue }
          change[group] = Evaluation.mean(
            mine.compactMap { seed, value in same[seed].map { value / $0 - 1 } })
        }
        let developed = plan.development.compactMap { change[$0.label] }
        return Candidate(family: family.name, arm: arm, change: change, mean: Evaluation.mean(developed))
      }
    }
  }

  /// A family's setting for a group: in a group of development, and for families that are chosen everywhere, the best
  /// there; else the one with the best mean over the groups of development.
  package func arm(_ family: RecipesFamily, in group: RecipesGroup) -> Arm? {
    if let leader = family.follows, let other = plan.families.first(where: { $0.name == leader }) {
      guard var arm = arm(other, in: group) else { return nil }
      if let source = family.source { arm.source = source }
      if let matched = family.matched { arm.matched = matched }
      if family.withoutSteps == true {
        arm.recipe?.solver = Choice("switching", ["iterations": .integer(0)])
        arm.failures = .start
      }
      arm.effort = family.effort
      return arm
    }
    let mine = candidates.filter { $0.family == family.name }
    let own = family.chosenEverywhere == true || plan.development.contains(group)
    if own, let best = mine.filter({ $0.change[group.label] != nil }).min(by: lower(group.label)) {
      return best.arm
    }
    return common(family.name)?.arm ?? mine.first?.arm
  }

  private func lower(_ group: String) -> (Candidate, Candidate) -> Bool {
    { ($0.change[group] ?? .infinity) < ($1.change[group] ?? .infinity) }
  }

  /// A family's candidate with the best mean over the groups of development.
  package func common(_ family: String) -> Candidate? {
    candidates.filter { $0.family == family && $0.mean.isFinite }.min { $0.mean < $1.mean }
  }

  /// The recipe with the lowest mean validation error over the groups of development: one setting for all.
  package var winner: Candidate? {
    plan.families.filter { $0.isRecipe == true }.compactMap { common($0.name) }.min { $0.mean < $1.mean }
  }

  /// The cells of the comparison, seed by seed, so that a stopped study has a few seeds of everything.
  package var finalCells: [Experiment] {
    let settings = plan.groups.map { group -> (RecipesGroup, [Arm]) in
      let all: [Arm] = self.arms(in: group).map { $0.arm }
      return (group, Set(all).sorted { $0.description < $1.description })
    }
    return (1...plan.seeds).flatMap { seed in
      settings.flatMap { group, arms in
        arms.map { group.experiment($0, seed: UInt64(seed), usesTest: true) }
      }
    }
  }

  /// The name of the arm that has the winner's setting in every group.
  package static let winnerName = "the recipe"

  /// All arms of a group with their settings, in the order of the plan; the winner's one setting last.
  package func arms(in group: RecipesGroup) -> [(name: String, arm: Arm)] {
    plan.families.filter { plan.has($0, in: group) }.compactMap { family in
      arm(family, in: group).map { (family.name, $0) }
    } + (winner.map { [(Self.winnerName, $0.arm)] } ?? [])
  }
}
