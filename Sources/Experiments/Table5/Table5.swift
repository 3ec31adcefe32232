import Evaluation
import Formats
import Models
import Reports

/// The paper's Table 5: contrastive learning with adversarial examples as views, and what the paper lacks: arms with the same
/// updates, noise, untrained encoders, third views and CLAE.
package enum Table5: Study {
  package static let name = "table5"
  package static let summary = "contrastive learning with examples as views, against controls (Table 5)"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    [
      "smoke": PackageResources.table5_smoke_yaml, "small": PackageResources.table5_small_yaml,
      "tables": PackageResources.table5_tables_yaml, "paper": PackageResources.table5_paper_yaml,
    ]
  }

  package static func cells(
    _ plan: Table5Plan, stage: Int, _ found: FinishedCells<Table5Cell>
  ) throws -> [Table5Cell]? {
    let trials = Table5Trials.cells(plan)
    switch (stage, trials.isEmpty) {
    case (0, false): return trials
    case (0, true), (1, false):
      let best = Table5Trials.best(plan, found)
      guard trials.isEmpty || best != nil else {
        throw StudyError.settings("table5 has unfinished trials of views: the arm 'tuned' needs them")
      }
      return cells(plan, tuned: best)
    default: return nil
    }
  }

  /// The cells of every arm and seed; without views that were found best, that arm has none.
  private static func cells(_ plan: Table5Plan, tuned: RandomViews?) -> [Table5Cell] {
    (1...UInt64(plan.seeds)).flatMap { seed in
      plan.arms.filter { $0 != .tuned || tuned != nil }.map {
        Table5Cell(plan: plan, arm: $0, seed: seed, views: $0 == .tuned ? tuned : nil)
      }
    }
  }

  package static func document(_ plan: Table5Plan, _ found: FinishedCells<Table5Cell>) throws -> Document {
    let best = Table5Trials.best(plan, found)
    let cells = cells(plan, tuned: best).compactMap { found[$0] }
    var rows = plan.arms.compactMap { Table5Row($0, cells) }
    guard let base = rows.first(where: { $0.arm == .original }) else {
      throw StudyError.settings("table5 has no finished cell of the arm 'original'")
    }
    for index in rows.indices where rows[index].arm != .original {
      rows[index].comparison = try rows[index].compared(with: base)
    }
    let compared = rows.indices.filter { rows[$0].comparison != nil }
    let family = PairedComparison.family(compared.compactMap { rows[$0].comparison })
    for (index, comparison) in zip(compared, family) { rows[index].comparison = comparison }
    let records = try Records(Table5Row.columns, rows)
    return Document(
      try Template("table5.md", String(decoding: PackageResources.table5_md, as: UTF8.self)),
      [
        "software": .text(found.software), "dataset": .text(plan.dataset), "model": .text(plan.model),
        "code": .text("\(plan.code)"), "epochs": .text("\(plan.epochs)"),
        "batchSize": .text("\(plan.batchSize)"), "seeds": .text("\(plan.seeds)"),
        "samples": .text("\(base.outcomes[0].quality.trainSamples)"),
        "tests": .text("\(base.outcomes[0].quality.testSamples)"),
        "iterations": .text("\(plan.iterations)"), "sigma": .text("\(plan.sigma)"),
        "alpha": .text("\(plan.alpha)"), "kappa": .text("\(plan.kappa)"), "share": .text("\(plan.share)"),
        "tuned": .list(
          rows.contains { $0.arm == .tuned } ? best.map { [["views": .text($0.choiceText)]] } ?? [] : [],
          as: "all"),
        "verdict": .text(verdict(rows)), "rows": .table(records.table),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ], records: records, json: try found.json(cells))
  }

  /// Below these a sign-flip test can find nothing.
  private static let fewestSeeds = 6

  /// The arms that examples have to beat: every one without any.
  private static func verdict(_ rows: [Table5Row]) -> String {
    let examples = rows.filter { [.uae, .online, .third].contains($0.arm) && $0.comparison != nil }
    guard let best = examples.max(by: { $0.linear < $1.linear }), best.outcomes.count >= fewestSeeds else {
      return "With fewer than \(fewestSeeds) seeds nothing can be said of what examples are worth."
    }
    let controls = rows.filter {
      ![.uae, .online, .third, .appended, .repeated].contains($0.arm) && $0.linear >= best.linear
    }
    let figure = best.linear.text(.percent(1))
    if let control = controls.max(by: { $0.linear < $1.linear }) {
      return
        "Examples do not earn their cost here: the best arm with them, *\(best.arm.rawValue)*, has \(figure) by the linear "
        + "head, and *\(control.arm.rawValue)*, which needs none, \(control.linear.text(.percent(1)))."
    }
    let isSure = best.comparison?.verdict() == .higher
    return
      "The best arm with examples, *\(best.arm.rawValue)*, has \(figure) by the linear head, more than every control with "
      + "the same updates\(isSure ? "" : "; the seeds are too few, or the difference too small, to be sure of it")."
  }
}

/// An arm over its seeds.
struct Table5Row: SeededRow {
  let arm: Table5Arm
  let seeds: [UInt64]
  let outcomes: [Table5Cell.Outcome]
  /// Of the linear head's accuracy with that of `original`, seed by seed.
  var comparison: PairedComparison?

  init?(_ arm: Table5Arm, _ cells: [FinishedCell<Table5Cell>]) {
    let own = cells.filter { $0.cell.arm == arm }.sorted { $0.cell.seed < $1.cell.seed }
    guard !own.isEmpty else { return nil }
    self.arm = arm
    seeds = own.map(\.cell.seed)
    outcomes = own.map(\.outcome)
  }

  var linear: Double { mean(outcomes.map(\.quality.linear)) }

  /// This row against another over the seeds that both have; nil below two.
  func compared(with other: Table5Row) throws -> PairedComparison? {
    let pairs = zip(seeds, outcomes).compactMap { seed, outcome in
      other.seeds.firstIndex(of: seed).map { (outcome.quality.linear, other.outcomes[$0].quality.linear) }
    }
    guard pairs.count > 1 else { return nil }
    return try PairedComparison(treatment: pairs.map(\.0), baseline: pairs.map(\.1), seed: 1)
  }

  static let columns: [Column<Table5Row>] = [
    Column("arm", key: "arm") { $0.arm.rawValue }, Column("seeds") { $0.outcomes.count },
    Column("updates") { $0.outcomes[0].updates },
    .spread("linear", key: "linear", .percent(1)) { $0.quality.linear },
    .spread("kNN 10", key: "knn10", .percent(1)) { $0.quality.knn10 },
    .spread("kNN 200", key: "knn200", .percent(1)) { $0.quality.knn200 },
    Column("linear − original", key: "difference", .change(2)) { row in
      row.comparison.map { comparison in
        comparison.interval.map {
          CellContent.interval(comparison.difference.mean, $0.lower...max($0.lower, $0.upper))
        } ?? .number(comparison.difference.mean)
      } ?? .missing
    },
    Column("p", key: "p", .general(2)) { row in
      row.comparison.map { CellContent.number($0.adjustedPValue) } ?? .missing
    },
    .spread("PGD", key: "robust", .percent(1)) { $0.robust },
    .spread("alignment", key: "alignment", .significant(3)) { $0.quality.alignment },
    .spread("uniformity", key: "uniformity", .significant(3)) { $0.quality.uniformity },
    .spread("success", key: "success", .percent(1)) { $0.examples?.successRate },
    .spread("holds", key: "holds", .percent(1)) { $0.examples?.holds },
    .spread("‖δ‖₂", key: "l2", .significant(3)) { $0.examples?.l2 },
  ]
}
