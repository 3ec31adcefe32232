import Attacks
import Evaluation
import Formats
import Reports

/// The paper's Figure 3: supervised MinMax against projected gradient descent within growing bounds, as a picture and as a
/// security curve, beside a stronger attack that says how much there is to be found; and the same on classifiers of the
/// user's, such as the robust ones of the supplement's 6.16.
package enum Figure3: Study {
  package static let name = "figure3"
  package static let summary =
    "MinMax against PGD within growing bounds: a security curve and its pictures, of classifiers of yours, too"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    [
      "smoke": PackageResources.figure3_smoke_yaml, "small": PackageResources.figure3_small_yaml,
      "paper": PackageResources.figure3_paper_yaml,
    ]
  }

  package static func cells(
    _ plan: Figure3Plan, stage: Int, _ found: FinishedCells<Figure3Cell>
  ) throws -> [Figure3Cell]? {
    guard stage == 0 else { return nil }
    return ([nil] + plan.models).flatMap { cells(plan, of: $0) }
  }

  private static func cells(_ plan: Figure3Plan, of model: GivenModel?) -> [Figure3Cell] {
    plan.epsilons.flatMap { epsilon in
      Figure3Cell.Method.allCases.map {
        Figure3Cell(plan: plan.bare, model: model, method: $0, epsilon: epsilon)
      }
    }
  }

  package static func document(
    _ plan: Figure3Plan, _ found: FinishedCells<Figure3Cell>
  ) throws -> Document {
    let parts = ([nil] + models(plan, found)).compactMap { model in
      Figure3Part(model, cells(plan, of: model).compactMap { found[$0] })
    }
    guard let first = parts.first else { throw StudyError.settings("figure3 has no finished cell") }
    let rows = parts.flatMap(\.rows)
    return Document(
      try Template("figure3.md", String(decoding: PackageResources.figure3_md, as: UTF8.self)),
      [
        "software": .text(found.software), "dataset": .text(plan.dataset),
        "images": .text("\(first.rows.map(\.images).max() ?? 0)"), "iterations": .text("\(plan.iterations)"),
        "mineSteps": .text("\(plan.mineSteps)"), "epochs": .text("\(plan.epochs)"),
        "verdict": .text(parts.map(\.verdict).joined(separator: ". ")),
        "parts": .list(try parts.map { try $0.values }),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(Figure3Row.columns, rows), json: try found.json(parts.flatMap(\.cells)))
  }

  /// The user's classifiers: those that are given, else those that cells of this plan are of.
  private static func models(_ plan: Figure3Plan, _ found: FinishedCells<Figure3Cell>) -> [GivenModel] {
    guard plan.models.isEmpty else { return plan.models }
    return found.all.filter { $0.cell.plan == plan }.compactMap(\.cell.model).reduce(into: []) {
      models, model in
      if !models.contains(where: { $0.digest == model.digest && $0.name == model.name }) {
        models.append(model)
      }
    }
  }
}

/// What the page has of one classifier.
struct Figure3Part {
  let model: GivenModel?
  let cells: [FinishedCell<Figure3Cell>]
  let rows: [Figure3Row]

  init?(_ model: GivenModel?, _ cells: [FinishedCell<Figure3Cell>]) {
    guard !cells.isEmpty else { return nil }
    self.model = model
    self.cells = cells
    rows = cells.map(Figure3Row.init)
  }

  private var accuracy: String { (100 * (cells.first?.outcome.accuracy ?? 0)).text(.decimals(2)) }

  var values: [String: Document.Value] {
    get throws {
      let prefix = model.map { $0.name + "-" } ?? ""
      return [
        "classifier": .text(model?.name ?? Figure3Row.own), "accuracy": .text(accuracy),
        "rows": .table(try Records(Figure3Row.columns, rows).table),
        "curve": .plot(prefix + "security-curve", curve),
        "picture": try picture.map { grid in
          .group([
            "grid": .grid(
              prefix + "examples", grid,
              shows: "The first images, and below them the examples of each method within each bound")
          ])
        } ?? .flag(false),
      ]
    }
  }

  private func own(_ method: Figure3Cell.Method) -> [Figure3Row] {
    rows.filter { $0.cell.method == method }.sorted { $0.cell.epsilon < $1.cell.epsilon }
  }

  /// The least bound within which each method breaks nearly all images.
  var verdict: String {
    let phrases = Figure3Cell.Method.allCases.compactMap { method -> String? in
      let own = own(method)
      guard let last = own.last else { return nil }
      let enough = own.first { $0.share >= 0.99 }
      let name = "*\(method.rawValue)*"
      return enough.map { "\(name) breaks 99 % of the images from ε = \($0.cell.epsilon) on" }
        ?? "\(name) breaks \(last.share.text(.percent(1))) within ε = \(last.cell.epsilon), the largest bound"
    }.joined(separator: "; ")
    return
      "Of \(model.map { "*\($0.name)*" } ?? "the classifier trained here") (accuracy \(accuracy) %) \(phrases)"
  }

  private var curve: Plot {
    let marks = Figure3Cell.Method.allCases.map { method in
      let own = own(method)
      return Plot.Mark.line(
        name: method.rawValue, own.map { Plot.Point($0.cell.epsilon, $0.share) },
        lower: own.map(\.interval.lower), upper: own.map(\.interval.upper))
    }
    return Plot(
      "Share of images that are given another class, by the bound",
      x: PlotAxis("ε, the largest change of a value"),
      y: PlotAxis("share", range: 0...1), marks: marks)
  }

  private var picture: ImageGrid? {
    get throws {
      let sorted = cells.sorted {
        ($0.cell.method.rawValue, $0.cell.epsilon) < ($1.cell.method.rawValue, $1.cell.epsilon)
      }
      return try ShownImages.grid(sorted.map { ("\($0.cell.method.rawValue) \($0.cell.epsilon)", $0) })
    }
  }
}

/// A method within a bound.
struct Figure3Row: Sendable {
  /// What the study's own classifier is called.
  static let own = "trained here"

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
    Column("classifier") { $0.cell.model?.name ?? own },
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
