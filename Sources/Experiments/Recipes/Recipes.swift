import Evaluation
import Formats
import Reports

/// Which way of augmenting helps: settings are chosen on validation data with seeds of their own, then compared at equal
/// updates.
package enum Recipes: Study {
  package static let name = "recipes"
  package static let summary =
    "which way of augmenting helps: every recipe and control at equal updates, paired seeds"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    ["smoke": PackageResources.recipes_smoke_yaml, "small": PackageResources.recipes_small_yaml]
  }

  /// First the trainings that settings are chosen from, then the comparison with the chosen ones.
  package static func cells(
    _ plan: RecipesPlan, stage: Int, _ found: FinishedCells<Experiment>
  ) throws -> [Experiment]? {
    switch stage {
    case 0: plan.tuningCells + plan.convergenceCells
    case 1: try RecipesChoice(plan, found).finalCells
    default: nil
    }
  }

  package static func document(_ plan: RecipesPlan, _ found: FinishedCells<Experiment>) throws -> Document {
    let choice = try RecipesChoice(plan, found)
    let rows = plan.groups.map { RecipesRow($0, plan: plan, choice: choice, found) }.filter {
      !$0.arms.isEmpty
    }
    guard !rows.isEmpty else { throw StudyError.settings("the comparison has no finished cells") }
    let cells = rows.flatMap { row in
      row.arms.flatMap { arm in arm.arm.cells.map { RecipesCell(arm: arm, cell: $0) } }
    }
    return Document(
      try Template("recipes.md", String(decoding: PackageResources.recipes_md, as: UTF8.self)),
      [
        "software": .text(found.software), "seeds": .text("\(plan.seeds)"),
        "findings": .group(
          try RecipesFindings(rows: rows, choice: choice, plan: plan, found: found).values()),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
        "groups": .list(try rows.map(values)),
        "candidates": .table(try RecipesColumns.candidates(choice, plan)),
        "noise": .plot("noise", RecipesPlots.noise(choice, plan)),
        "convergence": .table(try RecipesColumns.convergence(plan, found)),
        "course": .plot("course", RecipesPlots.course(rows)),
      ],
      records: try Records(RecipesColumns.cells, cells), json: try found.json(cells.map(\.cell)))
  }

  private static func values(_ row: RecipesRow) throws -> [String: Document.Value] {
    let name = row.group.label.replacing("/", with: "-")
    return [
      "dataset": .text(row.group.dataset), "model": .text(row.group.model),
      "isDevelopment": .flag(row.isDevelopment), "samples": .text("\(row.group.samples)"),
      "updates": .text("\(row.group.updates)"), "batch": .text("\(row.group.batchSize)"),
      "seeds": .text(Set(row.arms.flatMap(\.arm.seeds)).sorted().map(String.init).joined(separator: ", ")),
      "errors": .table(try Records(RecipesColumns.errors, row.arms).table),
      "changes": .plot(name, RecipesPlots.changes(row)),
      "examples": .table(try Records(RecipesColumns.examples(row), row.arms).table),
      "time": .plot(name + "-time", RecipesPlots.time(row)),
      "robustness": .table(try Records(RecipesColumns.robustness, row.arms).table),
    ]
  }
}
