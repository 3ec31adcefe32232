import Evaluation
import Formats
import Reports

/// What `uae augment` finds on several data sets with several models.
package enum Searches: Study {
  package static let name = "augment"
  package static let summary =
    "what the search of `uae augment` chooses on several data sets and models, and what it gains"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    ["smoke": PackageResources.augment_smoke_yaml, "small": PackageResources.augment_small_yaml]
  }

  package static func cells(
    _ plan: SearchesPlan, stage: Int, _ found: FinishedCells<SearchesCell>
  ) throws -> [SearchesCell]? {
    stage > 0 ? nil : plan.rows.map { SearchesCell(row: $0, seeds: plan.seeds, batchSize: plan.batchSize) }
  }

  package static func document(_ plan: SearchesPlan, _ found: FinishedCells<SearchesCell>) throws -> Document
  {
    let cells = try self.cells(plan, stage: 0, found)?.compactMap { found[$0] } ?? []
    guard !cells.isEmpty else { throw StudyError.settings("no search is finished") }
    let verdicts = cells.map(\.outcome.verdict)
    func count(_ holds: (SearchVerdict) -> Bool) -> Document.Value {
      .text("\(verdicts.count(where: holds))")
    }
    func worth(_ verdict: SearchVerdict, _ sign: (Double) -> Bool) -> Bool {
      verdict.adversarialWorth.map { $0.isCertain && sign($0.test.difference.mean) } ?? false
    }
    return Document(
      try Template("augment.md", String(decoding: PackageResources.augment_md, as: UTF8.self)),
      [
        "software": .text(found.software), "seeds": .text("\(plan.seeds)"),
        "searches": .text("\(cells.count)"),
        "better": count { $0.gain.map { $0.isCertain && $0.test.difference.mean < 0 } ?? false },
        "worse": count { $0.gain.map { $0.isCertain && $0.test.difference.mean > 0 } ?? false },
        "longer": count { $0.chosen.name.hasPrefix(SearchCandidate.same.name) },
        "adversarial": count { $0.chosen.isAdversarial },
        "worth": count { worth($0) { $0 < 0 } }, "harm": count { worth($0) { $0 > 0 } },
        "chosen": .table(try Records(SearchesColumns.chosen, cells).table),
        "examples": .table(
          try Records(SearchesColumns.examples, cells.filter { $0.outcome.verdict.adversarial != nil }).table),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(SearchesColumns.chosen + SearchesColumns.examples.dropFirst(4), cells),
      json: try found.json(cells))
  }
}

/// The study's columns.
enum SearchesColumns {
  private static let what: [Column<FinishedCell<SearchesCell>>] = [
    Column("data") { $0.cell.row.dataset }, Column("samples") { $0.outcome.trainCount },
    Column("model") { $0.cell.row.model }, Column("updates") { $0.cell.row.updates },
  ]

  private static func error(
    _ title: String, _ arm: @escaping @Sendable (SearchVerdict) -> SearchVerdict.Arm?
  ) -> Column<FinishedCell<SearchesCell>> { Column(title) { arm($0.outcome.verdict)?.error } }

  private static func change(
    _ title: String, _ comparison: @escaping @Sendable (SearchVerdict) -> SearchVerdict.Comparison?
  ) -> Column<FinishedCell<SearchesCell>> {
    Column(title, .change(1)) { comparison($0.outcome.verdict)?.test }
  }

  static let chosen: [Column<FinishedCell<SearchesCell>>] =
    what + [
      Column("chosen") { $0.outcome.verdict.chosen.name }, error("control") { $0.control },
      error("kept") { $0.chosen }, change("kept against control") { $0.gain },
      Column("p") { $0.outcome.verdict.gain?.test.pText(\.adjustedPValue) },
      change("at equal updates") { $0.equalGain },
    ]

  static let examples: [Column<FinishedCell<SearchesCell>>] =
    what + [
      Column("best examples") { $0.outcome.verdict.adversarial?.name }, error("error") { $0.adversarial },
      change("against control") { $0.adversarialGain }, error("error of the start") { $0.start },
      change("against the start") { $0.adversarialWorth },
      Column("times the seconds", .general(2)) { row in
        row.outcome.verdict.adversarial.map { $0.seconds / row.outcome.verdict.control.seconds }
      },
    ]
}
