import Datasets
import Foundation
import Models

/// A model on a small part of a data set, and how it is trained in every arm.
package struct RecipesGroup: Codable, Hashable, Sendable {
  package var dataset: String
  /// The model family's name.
  package var model: String
  /// Samples to train on, drawn by the seed from the first ones of the set.
  package var samples: Int
  /// How many of the set's first training samples are used at all.
  package var pool: Int
  /// The last of these are for choices.
  package var validation: Int
  package var updates: Int
  package var batchSize: Int
  package var learningRate: Double

  package var label: String { "\(dataset)/\(model)" }

  /// The same group with so many times the updates.
  func lasting(_ factor: Double) -> RecipesGroup {
    var other = self
    other.updates = max(1, Int((factor * Double(updates)).rounded()))
    return other
  }

  /// One training of this group.
  func experiment(_ arm: Arm, seed: UInt64, usesTest: Bool) -> Experiment {
    Experiment(
      data: DataPart(dataset, pool: pool, validation: validation, samples: samples), model: model, arm: arm,
      schedule: Schedule(updates: updates, batchSize: batchSize, learningRate: learningRate), seed: seed,
      usesTest: usesTest, measuresRobustness: usesTest)
  }

  /// The group that a training belongs to.
  package init(_ cell: Experiment) {
    dataset = cell.data.dataset
    model = cell.model
    samples = cell.data.samples ?? 0
    pool = cell.data.pool ?? 0
    validation = cell.data.validation
    updates = cell.schedule.updates ?? 0
    batchSize = cell.schedule.batchSize
    learningRate = cell.schedule.learningRate ?? 0
  }

  func validate() throws {
    func require(_ holds: Bool, _ problem: String) throws {
      if !holds { throw StudyError.settings("\(label): \(problem)") }
    }
    try require(DatasetRegistry.named(dataset) != nil, "unknown data set '\(dataset)'")
    do { _ = try ModelFamilies.named(model) } catch { throw StudyError.settings("\(label): \(error)") }
    try require(samples >= 2 && validation >= 1, "needs at least 2 samples and 1 to validate")
    try require(pool >= samples + validation, "pool must be at least samples + validation")
    try require(updates >= 1 && batchSize >= 2 && learningRate > 0, "needs updates, a batch of 2 and a rate")
  }
}

/// An arm's candidates, of which one is chosen on validation data.
package struct RecipesFamily: Codable, Equatable, Sendable {
  package var name: String
  /// The candidates; one alone is no choice.
  package var grid: [Arm]?
  /// The family whose chosen setting this one takes, for a control that belongs to it.
  package var follows: String?
  /// What this one makes of that setting.
  package var source: Arm.Source?
  package var matched: Bool?
  /// Whether its examples are the starts of the other's, made as often as they are: what is left without the search.
  package var withoutSteps: Bool?
  package var effort: Double?
  /// Whether it is a way to use adversarial examples that can become the default recipe.
  package var isRecipe: Bool?
  /// Whether its setting is chosen anew on the validation data of every group, also those that only confirm.
  package var chosenEverywhere: Bool?
  /// The groups that have it, by label; absent for all.
  package var only: [String]?
}

/// Which trainings the study consists of: what `Plans/recipes-*.yaml` hold.
package struct RecipesPlan: StudyPlan {
  package var name: String
  /// Where settings are chosen.
  package var development: [RecipesGroup]
  /// Where the settings chosen there are tried without another choice.
  package var confirmation: [RecipesGroup]
  package var families: [RecipesFamily]
  /// How many seeds choices are made from (from 1001), and how many the comparison has (from 1).
  package var tuningSeeds: Int
  package var seeds: Int
  /// How many times the updates of a group the same data are trained for, to see where the validation error stops falling.
  package var convergence: [Double]
  /// Pairs of arms whose difference the page names: a recipe and the control that it is to be held against.
  package var contrasts: [Contrast]
  /// The control that has the time that examples take.
  package var equalTime: String?

  package struct Contrast: Codable, Equatable, Sendable {
    package var arm: String
    package var control: String
  }

  package static var parts: [PlanPart<RecipesPlan>] {
    func group(_ name: String, _ value: @escaping @Sendable (RecipesGroup) -> String) -> PlanPart<RecipesPlan>
    {
      PlanPart(name, "the groups of it") { plan, kept in
        plan.development = plan.development.filter { kept.contains(value($0)) }
        plan.confirmation = plan.confirmation.filter { kept.contains(value($0)) }
      }
    }
    return [
      group("dataset", \.dataset), group("model", \.model),
      .number("seeds", "how many seeds of the comparison, from 1", \.seeds),
    ]
  }

  package var groups: [RecipesGroup] { development + confirmation }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    for group in groups { try group.validate() }
    try require(!groups.isEmpty && !families.isEmpty, "there is nothing to run")
    try require(!development.isEmpty, "at least one group of development is needed to choose settings")
    for family in families {
      for arm in family.grid ?? [] { try arm.validate() }
      let known = family.follows.map { name in families.contains { $0.name == name && $0.grid != nil } }
      try require(
        (family.grid?.isEmpty == false) != (known == true),
        "\(family.name) needs a grid, or follows a family that has one")
    }
    for name in [Self.same, Self.noise] {
      try require(families.contains { $0.name == name }, "the control '\(name)' is missing")
    }
    let names = Set(families.map(\.name))
    for name in contrasts.flatMap({ [$0.arm, $0.control] }) + [equalTime].compactMap({ $0 }) {
      try require(names.contains(name), "'\(name)' is compared, but no family has that name")
    }
    try require(
      convergence.allSatisfy { $0 > 0 && $0 <= 100 }, "convergence must be above 0 and at most 100")
    try require(1...1000 ~= seeds && 1...1000 ~= tuningSeeds, "seeds must be from 1 to 1000")
  }

  /// The controls that every comparison is made with.
  static let same = "same data"
  static let noise = "tuned noise"

  func has(_ family: RecipesFamily, in group: RecipesGroup) -> Bool {
    family.only?.contains(group.label) ?? true
  }

  /// The cells that settings are chosen from; none of them reads a test sample.
  package var tuningCells: [Experiment] {
    (0..<tuningSeeds).flatMap { offset in
      groups.flatMap { group in
        families.filter { has($0, in: group) && isTuned($0, in: group) }.flatMap { family in
          (family.grid ?? []).map {
            group.experiment($0, seed: UInt64(1001 + offset), usesTest: false)
          }
        }
      }
    }
  }

  /// The reference for relative errors is always there; a single candidate needs no choice.
  private func isTuned(_ family: RecipesFamily, in group: RecipesGroup) -> Bool {
    guard let grid = family.grid else { return false }
    if family.name == Self.same { return true }
    if development.contains(group) { return grid.count > 1 || family.isRecipe == true }
    return family.chosenEverywhere == true && grid.count > 1
  }

  /// The same data with fewer and more updates than a group's.
  package var convergenceCells: [Experiment] {
    groups.flatMap { group in convergence.flatMap { convergenceCells(group, $0) } }
  }

  private func convergenceCells(_ group: RecipesGroup, _ factor: Double) -> [Experiment] {
    (0..<tuningSeeds).map { offset in
      group.lasting(factor).experiment(Arm(.none), seed: UInt64(1001 + offset), usesTest: false)
    }
  }

  /// What is finished of them for a group.
  func sameData(_ group: RecipesGroup, _ factor: Double, _ found: FinishedCells<Experiment>) -> ArmCells {
    ArmCells(
      name: Self.same, arm: Arm(.none), cells: convergenceCells(group, factor).compactMap { found[$0] })
  }
}
