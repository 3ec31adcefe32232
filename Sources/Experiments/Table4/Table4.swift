import Evaluation
import Formats
import Reports

/// The paper's Table 4 run again: models trained from scratch on data and examples, every augmentation and control.
package enum Table4: Study {
  package static let name = "table4"
  package static let summary =
    "the paper's Table 4: four autoencoders, every augmentation and control, paired seeds"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    [
      "smoke": PackageResources.table4_smoke_yaml, "small": PackageResources.table4_small_yaml,
      "paper": PackageResources.table4_paper_yaml,
    ]
  }

  package static func cells(
    _ plan: Table4Plan, stage: Int, _ found: FinishedCells<Experiment>
  ) throws -> [Experiment]? {
    stage == 0 ? try plan.cells() : nil
  }

  package static func document(_: Table4Plan, _ found: FinishedCells<Experiment>) throws -> Document {
    let rows = Table4Row.rows(found.all)
    let lines = rows.flatMap { row in row.arms.map { Table4Line(row: row, arm: $0) } }
    let cells = lines.flatMap { line in line.arm.cells.map { (line: line, cell: $0) } }
    var seen: Set<String> = []
    let settings = lines.filter(\.arm.arm.addsExamples).filter {
      seen.insert("\($0.arm.name): \($0.arm.arm.description)").inserted
    }
    var groups: [(key: Group, lines: [Table4Line])] = []
    for line in lines {
      let key = Group(line.row)
      if let at = groups.firstIndex(where: { $0.key == key }) {
        groups[at].lines.append(line)
      } else {
        groups.append((key, [line]))
      }
    }
    return Document(
      try Template("table4.md", String(decoding: PackageResources.table4_md, as: UTF8.self)),
      [
        "software": .text(found.software),
        "settings": .list(
          settings.map { ["name": .text($0.arm.name), "text": .text($0.arm.arm.description)] }),
        "findings": .group(try Table4Findings(rows: rows).values()),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
        "groups": .list(try groups.sorted { $0.key < $1.key }.map { try values($0.key, $0.lines) }),
        "pictures": .list(try rows.flatMap(Table4Pictures.all)),
      ],
      records: try Records(Table4Columns.cells, cells.map { Table4Cell(line: $0.line, cell: $0.cell) }),
      json: try found.json(cells.map(\.cell)))
  }

  /// Rows that one set of tables shows: a data set at a size.
  private struct Group: Hashable, Comparable {
    var dataset: String
    var trainCount: Int

    init(_ row: Table4Row) {
      dataset = row.key.dataset
      trainCount = row.trainCount
    }

    static func < (a: Group, b: Group) -> Bool { (a.dataset, -a.trainCount) < (b.dataset, -b.trainCount) }
  }

  private static func values(_ group: Group, _ lines: [Table4Line]) throws -> [String: Document.Value] {
    var rows: [Table4Row] = []
    for line in lines where rows.last?.key != line.row.key { rows.append(line.row) }
    let examples = lines.filter { $0.arm.figures != nil }
    return [
      "dataset": .text(group.dataset), "samples": .text("\(group.trainCount)"),
      "models": .list(
        rows.map { row in
          [
            "model": .text(row.key.model), "epochs": .text("\(row.key.epochs)"),
            "batch": .text("\(row.key.batchSize)"),
            "seeds": .text(row.seeds.map(String.init).joined(separator: ", ")),
            "testSamples": .text("\(row.testCount)"),
          ]
        }),
      "notes": .list(Set(rows.flatMap(\.notes)).sorted().map { ["note": .text($0)] }),
      "isStandIn": .flag(group.dataset == "cifar10"),
      "errors": .table(
        try Table4Columns.errors(
          .testError, lines, published: lines.contains { $0.published != nil })),
      "equalErrors": .table(try Table4Columns.errors(.equalTestError, lines)),
      "examples": .table(try Records(Table4Columns.examples, examples).table),
      "training": .table(try Records(Table4Columns.training, lines).table),
    ]
  }
}
