import Attacks
import Evaluation
import Formats
import Reports

/// The paper's Figure 3: supervised MinMax against projected gradient descent within growing bounds, as a picture and as a
/// security curve, beside a stronger attack that says how much there is to be found.
package enum Figure3: Study {
  package static let name = "figure3"
  package static let summary = "MinMax against PGD within growing bounds: a security curve and its pictures"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    ["smoke": PackageResources.figure3_smoke_yaml, "small": PackageResources.figure3_small_yaml]
  }

  package static func cells(
    _ plan: Figure3Plan, stage: Int, _ found: FinishedCells<Figure3Cell>
  ) throws -> [Figure3Cell]? {
    guard stage == 0 else { return nil }
    return plan.epsilons.flatMap { epsilon in
      Figure3Cell.Method.allCases.map { Figure3Cell(plan: plan, method: $0, epsilon: epsilon) }
    }
  }

  package static func document(
    _ plan: Figure3Plan, _ found: FinishedCells<Figure3Cell>
  ) throws -> Document {
    let cells = try self.cells(plan, stage: 0, found)?.compactMap { found[$0] } ?? []
    guard let first = cells.first else { throw StudyError.settings("figure3 has no finished cell") }
    let rows = cells.map(Figure3Row.init)
    return Document(
      try Template("figure3.md", String(decoding: PackageResources.figure3_md, as: UTF8.self)),
      [
        "software": .text(found.software), "dataset": .text(plan.dataset),
        "images": .text("\(first.outcome.succeeded.count)"), "iterations": .text("\(plan.iterations)"),
        "mineSteps": .text("\(plan.mineSteps)"), "epochs": .text("\(plan.epochs)"),
        "accuracy": .text((100 * first.outcome.accuracy).text(.decimals(2))),
        "verdict": .text(verdict(rows)),
        "rows": .table(try Records(Figure3Row.columns, rows).table),
        "curve": .plot("security-curve", curve(rows)),
        "picture": try picture(cells).map { grid in
          .group([
            "grid": .grid(
              "examples", grid,
              shows: "The first images, and below them the examples of each method within each bound")
          ])
        } ?? .flag(false),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(Figure3Row.columns, rows), json: try found.json(cells))
  }

  /// The least bound within which each method breaks nearly all images.
  private static func verdict(_ rows: [Figure3Row]) -> String {
    Figure3Cell.Method.allCases.compactMap { method -> String? in
      let own = rows.filter { $0.cell.method == method }.sorted { $0.cell.epsilon < $1.cell.epsilon }
      guard let last = own.last else { return nil }
      let enough = own.first { $0.share >= 0.99 }
      let name = "*\(method.rawValue)*"
      return enough.map { "\(name) breaks 99 % of the images from ε = \($0.cell.epsilon) on" }
        ?? "\(name) breaks \(last.share.text(.percent(1))) within ε = \(last.cell.epsilon), the largest bound"
    }.joined(separator: "; ")
  }

  private static func curve(_ rows: [Figure3Row]) -> Plot {
    let marks = Figure3Cell.Method.allCases.map { method in
      let own = rows.filter { $0.cell.method == method }.sorted { $0.cell.epsilon < $1.cell.epsilon }
      return Plot.Mark.line(
        name: method.rawValue, own.map { Plot.Point($0.cell.epsilon, $0.share) },
        lower: own.map(\.interval.lower), upper: own.map(\.interval.upper))
    }
    return Plot(
      "Share of images that are given another class, by the bound",
      x: PlotAxis("ε, the largest change of a value"),
      y: PlotAxis("share", range: 0...1), marks: marks)
  }

  private static func picture(_ cells: [FinishedCell<Figure3Cell>]) throws -> ImageGrid? {
    let sorted = cells.sorted {
      ($0.cell.method.rawValue, $0.cell.epsilon) < ($1.cell.method.rawValue, $1.cell.epsilon)
    }
    return try ShownImages.grid(sorted.map { ("\($0.cell.method.rawValue) \($0.cell.epsilon)", $0) })
  }
}

/// A method within a bound.
struct Figure3Row: Sendable {
  let cell: Figure3Cell
  let images: Int
  let share: Double
  let interval: ConfidenceInterval
  let means: (l2: Double?, closedForm: Double?, ssim: Double?)

  init(_ finished: FinishedCell<Figure3Cell>) {
    let outcome = finished.outcome
    func average(_ values: [Double?]) -> Double? {
      let known = values.compactMap { $0 }
      return known.isEmpty ? nil : mean(known)
    }
    cell = finished.cell
    images = outcome.succeeded.count
    let won = outcome.succeeded.count { $0 }
    share = Double(won) / Double(max(1, images))
    interval = wilsonInterval(won, of: images)
    means = (average(outcome.l2), average(outcome.closedForm), average(outcome.ssim))
  }

  static let columns: [Column<Figure3Row>] = [
    Column("method") { $0.cell.method.rawValue },
    Column("ε", key: "epsilon", .general(3)) { $0.cell.epsilon },
    Column("images") { $0.images },
    Column("success", .percent(1)) { row in
      CellContent.interval(row.share, row.interval.lower...row.interval.upper)
    },
    Column("‖δ‖₂", key: "l2", .significant(3)) { $0.means.l2 },
    Column("SSIM", key: "ssim", .significant(3)) { $0.means.ssim },
    Column("the closed form, nats", key: "information", .significant(3)) { $0.means.closedForm },
  ]
}
