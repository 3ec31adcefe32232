import Evaluation
import Formats
import Reports

/// A cell in its arm.
struct RecipesCell: Sendable {
  let arm: RecipesRow.Line
  let cell: FinishedCell<Experiment>
}

/// The study's columns.
enum RecipesColumns {
  private static let name = Column<RecipesRow.Line>("arm") { $0.arm.name }

  private static func arms(_ figures: Column<FinishedCell<Experiment>>...) -> [Column<RecipesRow.Line>] {
    figures.map { $0.overSeeds().over { $0.arm } }
  }

  static let toSame = Column<RecipesRow.Line>("against the same data", .change(1)) { $0.toSame }
  static let toNoise = Column<RecipesRow.Line>("against tuned noise", .change(1)) { $0.toNoise }

  /// Test errors with both paired comparisons.
  static let errors: [Column<RecipesRow.Line>] =
    [name, Column("setting") { $0.arm.arm.description }] + arms(.testError)
    + [
      toSame, Column("p") { $0.toSame?.pText(\.adjustedPValue) }, toNoise,
      Column("p ") { $0.toNoise?.pText(\.adjustedPValue) },
    ]

  /// What the examples are like, and what they cost.
  static func examples(_ row: RecipesRow) -> [Column<RecipesRow.Line>] {
    [name]
      + arms(.successRate, .trainedL2, .affinity, .diversity, .trainError)
      + [Column<FinishedCell<Experiment>>.trainingSeconds, .attackSeconds].map {
        $0.meanOverSeeds().over { $0.arm }
      } + [Column("in all", .decimals(1)) { row.cost($0) }]
  }

  /// What the trained models are like besides.
  static let robustness: [Column<RecipesRow.Line>] =
    [name]
    + arms(.noisy, .occluded, .shifted, .attacked, .attackedL2)

  /// Every candidate's change of the validation error.
  static func candidates(_ choice: RecipesChoice, _ plan: RecipesPlan) throws -> Table {
    let columns: [Column<RecipesChoice.Candidate>] =
      [Column("family") { $0.family }, Column("candidate") { $0.arm.description }]
      + plan.groups.map { group in Column(group.label, .change(1)) { $0.change[group.label] } }
      + [Column("mean of development", .change(1)) { $0.mean }]
    return try Records(columns, choice.candidates.filter { !$0.change.isEmpty }).table
  }

  /// The same data trained for fewer and more updates: mean validation error over the tuning seeds.
  static func convergence(_ plan: RecipesPlan, _ found: FinishedCells<Experiment>) throws -> Table {
    let columns: [Column<Double>] =
      [Column("updates") { "× \($0)" }]
      + plan.groups.map { group in
        Column("\(group.label), \(group.updates)") { factor in
          plan.sameData(group, factor, found).summary { $0.trained.validation }
        }
      }
    return try Records(columns, plan.convergence).table
  }

  /// One row per cell, for other programs.
  static let cells: [Column<RecipesCell>] = {
    func own(_ columns: Column<FinishedCell<Experiment>>...) -> [Column<RecipesCell>] {
      columns.map { $0.over { $0.cell } }
    }
    return own(.dataset, .model)
      + [
        Column("samples") { $0.cell.cell.data.samples }, Column("updates") { $0.cell.cell.schedule.updates },
        Column("arm") { $0.arm.arm.name },
      ]
      + own(
        .setting, .seed, .testError, .validationError, .trainError, .diversity, .affinity, .successRate,
        .trainedL2, .trainingSeconds, .attackSeconds, .attacked)
      + [Column("data_sha256") { $0.cell.outcome.data }]
  }()
}
