import Evaluation
import Formats
import Reports

/// An arm in its row.
struct Table4Line: Sendable {
  let row: Table4Row
  let arm: ArmCells

  /// What the paper has for it.
  var published: PublishedTable4.Figure? {
    PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: arm.arm.name ?? "")
  }

  func comparison(
    with baseline: String, _ figure: Column<FinishedCell<Experiment>>
  ) -> PairedComparison? {
    row.comparison(of: arm, with: baseline, figure)
  }
}

/// A cell in its line.
struct Table4Cell: Sendable {
  let line: Table4Line
  let cell: FinishedCell<Experiment>
}

/// The study's columns.
enum Table4Columns {
  private static let names: [Column<Table4Line>] = [
    Column("model") { $0.row.label }, Column("trained on", key: "arm") { $0.arm.name },
  ]

  private static func arms(_ figures: Column<FinishedCell<Experiment>>...) -> [Column<Table4Line>] {
    figures.map { $0.overSeeds().over { $0.arm } }
  }

  /// A line with its paired comparisons, each computed once.
  private struct Compared: Sendable {
    let line: Table4Line
    let toOriginal: PairedComparison?
    let toRepeated: PairedComparison?
  }

  /// A test error with the paired comparisons against the original and against the repeated data.
  static func errors(
    _ figure: Column<FinishedCell<Experiment>>, _ lines: [Table4Line], published: Bool = false
  ) throws -> Table {
    func own(_ columns: [Column<Table4Line>]) -> [Column<Compared>] { columns.map { $0.over { $0.line } } }
    let columns: [Column<Compared>] =
      own(names + arms(figure))
      + [
        Column("against original", .change(1)) { $0.toOriginal }, Column("p") { $0.toOriginal?.pText() },
        Column("against repeated", .change(1)) { $0.toRepeated },
        Column("p (repeated)") { $0.toRepeated?.pText() },
      ] + own(published ? Self.published : [])
    let rows = lines.map {
      Compared(
        line: $0, toOriginal: $0.comparison(with: Table4Arms.original, figure),
        toRepeated: $0.comparison(with: Table4Arms.repeated, figure))
    }
    return try Records(columns, rows).table
  }

  /// The paper's figures.
  private static let published: [Column<Table4Line>] = [
    Column("paper", .decimals(5)) { $0.published?.error },
    Column("paper against original", .change(1)) { line -> Double? in
      let base = PublishedTable4.figure(
        dataset: line.row.key.dataset, model: line.row.key.model, arm: Table4Arms.original)
      guard let paper = line.published, let base, line.arm.arm.name != Table4Arms.original else { return nil }
      return paper.error / base.error - 1
    },
  ]

  /// What the examples are like: success beside how much it changed.
  static let examples: [Column<Table4Line>] =
    [names[0], names[1].titled("examples")]
    + arms(.successRate.titled("ASR").formatted(.percent(2)))
    + [Column("paper's ASR", .percent(2)) { $0.published?.successRate }]
    + arms(.l2, .lInfinity, .nearShare, .information, .attackMilliseconds)

  /// Training errors, after all epochs (the supplement's Section 6.10).
  static let training: [Column<Table4Line>] =
    names
    + arms(.trainError, .testError, .overfit)
    + [Column("steps") { $0.arm.cells.first?.outcome.updates }]

  /// One row per cell, for other programs.
  static let cells: [Column<Table4Cell>] = {
    func own(_ columns: Column<FinishedCell<Experiment>>...) -> [Column<Table4Cell>] {
      columns.map { $0.over { $0.cell } }
    }
    return own(.dataset, .model) + [Column("arm") { $0.line.arm.name }]
      + own(.setting, .seed, .trainCount, .testCount)
      + [Column("epochs") { $0.line.row.key.epochs }]
      + own(
        .batchSize, .steps, .testError, .equalTestError, .trainError, .equalTrainError, .successRate, .l2,
        .lInfinity, .nearShare, .information, .similarity, .trainingSeconds, .attackSeconds)
  }()
}
