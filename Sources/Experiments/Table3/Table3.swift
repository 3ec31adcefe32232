import Attacks
import Evaluation
import Formats
import Foundation
import Reports

/// The paper's Table 3 and Figure 2: supervised adversarial examples of a classifier by Algorithm 1 and by the penalty
/// method, with the same critic and as many evaluations of gradients, judged by what neither of them made large.
package enum Table3: Study {
  package static let name = "table3"
  package static let summary =
    "supervised examples of a classifier: MinMax against the penalty method (Figure 2)"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    [
      "smoke": PackageResources.table3_smoke_yaml, "small": PackageResources.table3_small_yaml,
      "paper": PackageResources.table3_paper_yaml,
    ]
  }

  package static func cells(
    _ plan: Table3Plan, stage: Int, _ found: FinishedCells<Table3Cell>
  ) throws -> [Table3Cell]? {
    guard stage == 0 else { return nil }
    return (1...UInt64(plan.seeds)).flatMap { seed in
      stride(from: 0, to: plan.images, by: Table3Cell.size).flatMap { first in
        Table3Cell.Method.allCases.map { Table3Cell(plan: plan, method: $0, seed: seed, first: first) }
      }
    }
  }

  package static func document(_ plan: Table3Plan, _ found: FinishedCells<Table3Cell>) throws -> Document {
    let cells = try self.cells(plan, stage: 0, found)?.compactMap { found[$0] } ?? []
    let rows = Table3Cell.Method.allCases.compactMap { Table3Row($0, cells) }
    guard rows.count == 2, let accuracy = cells.first?.outcome.accuracy else {
      throw StudyError.settings("table3 has no finished cell of each method")
    }
    let comparisons = try Table3Measure.all.compactMap { try Table3Comparison($0, cells) }
    return Document(
      try Template("table3.md", String(decoding: PackageResources.table3_md, as: UTF8.self)),
      [
        "software": .text(found.software), "dataset": .text(plan.dataset),
        "images": .text("\(rows[0].images / plan.seeds)"), "seeds": .text("\(plan.seeds)"),
        "iterations": .text("\(plan.iterations)"), "searches": .text("\(plan.searches)"),
        "each": .text("\(plan.iterations / plan.searches)"), "judgeSteps": .text("\(plan.judgeSteps)"),
        "readings": .text("\(CriticRanking.furtherReadings + 1)"), "epochs": .text("\(plan.epochs)"),
        "accuracy": .text((100 * accuracy).text(.decimals(2))),
        "verdict": .optional(comparisons.isEmpty ? nil : verdict(comparisons)),
        "methods": .table(try Records(Table3Row.columns, rows).table),
        "comparisons": .table(try Records(Table3Comparison.columns, comparisons).table),
        "course": .plot("information-by-iteration", course(plan, rows, views: cells.first?.outcome.views)),
        "stationarity": Table3Stationarity(rows).map { .group($0.values) } ?? .flag(false),
        "fair": plan.asPublished == true
          ? .flag(false)
          : .group([
            "mineSteps": .text("\(plan.mineSteps)"), "mineLearningRate": .text("\(plan.mineLearningRate)"),
          ]),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(Table3Row.columns, rows), json: try found.json(cells))
  }

  /// Who is nearer, by each judge.
  private static func verdict(_ comparisons: [Table3Comparison]) -> String {
    comparisons.filter { !$0.measure.isOwn }.map { comparison in
      let winner: String
      switch comparison.test.verdict() {
      case .undecided: winner = "neither is told from the other"
      case .higher:
        winner = comparison.measure.isMoreAlike ? "MinMax is more alike" : "the penalty method is nearer"
      case .lower:
        winner = comparison.measure.isMoreAlike ? "the penalty method is more alike" : "MinMax is nearer"
      }
      return "by \(comparison.measure.name) \(winner)"
    }.joined(separator: "; ")
  }

  private static func course(_ plan: Table3Plan, _ rows: [Table3Row], views: Int?) -> Plot {
    let marks = rows.flatMap { row -> [Plot.Mark] in
      func line(_ name: String, _ moments: KeyPath<Table3Cell.CoursePoint, Table3Cell.Moments>) -> Plot.Mark {
        let points = row.course.map { Plot.Point(Double($0.iteration), $0[keyPath: moments].mean) }
        return .line(
          name: name, points,
          lower: row.course.map { $0[keyPath: moments].mean - $0[keyPath: moments].deviation },
          upper: row.course.map { $0[keyPath: moments].mean + $0[keyPath: moments].deviation })
      }
      return [
        line("\(row.method.rawValue), iterate", \.current), line("\(row.method.rawValue), best", \.best),
      ]
    }
    let ends = [rows.first?.course.first, rows.first?.course.last].compactMap { $0 }
    let ceiling = views.map { views in
      Plot.Mark.reference(
        name: "ln K, K = \(views)", ends.map { Plot.Point(Double($0.iteration), log(Double(views))) })
    }
    return Plot(
      "Information by iteration, mean ± standard deviation over images",
      x: PlotAxis("evaluations of gradients"),
      y: PlotAxis("as the attack's critic reads it, nats"), marks: marks + (ceiling.map { [$0] } ?? []))
  }
}

/// Something by which images are alike or apart.
struct Table3Measure: Sendable {
  let name: String
  let value: @Sendable (Table3Cell.Outcome) -> [Double?]
  /// Whether more means more alike.
  let isMoreAlike: Bool
  /// Whether the attacks themselves make it large.
  var isOwn = false

  static let all = [
    Table3Measure(name: "the attack's own critic", value: \.own, isMoreAlike: true, isOwn: true),
    Table3Measure(name: "a fresh critic", value: \.fresh, isMoreAlike: true),
    Table3Measure(name: "the closed form", value: \.closedForm, isMoreAlike: true),
    Table3Measure(name: "the Euclidean distance", value: \.l2, isMoreAlike: false),
    Table3Measure(name: "SSIM", value: \.ssim, isMoreAlike: true),
  ]
}

/// A method over all images and seeds.
struct Table3Row: Sendable {
  let method: Table3Cell.Method
  let images: Int
  let successRate: Double
  let means: [Double?]
  let course: [Table3Cell.CoursePoint]

  init?(_ method: Table3Cell.Method, _ cells: [FinishedCell<Table3Cell>]) {
    let own = cells.filter { $0.cell.method == method }
    guard !own.isEmpty else { return nil }
    self.method = method
    let won = own.flatMap(\.outcome.succeeded)
    images = won.count
    successRate = mean(won.map { $0 ? 1 : 0 })
    means = Table3Measure.all.map { measure in
      let values = own.flatMap { measure.value($0.outcome) }.compactMap { $0 }
      return values.isEmpty ? nil : mean(values)
    }
    let courses = own.map(\.outcome.course)
    course = (courses.first ?? []).indices.map { place in
      var point = courses[0][place]
      for other in courses.dropFirst() where place < other.count {
        point.current.add(other[place].current)
        point.best.add(other[place].best)
        if let more = other[place].stationarity { point.stationarity?.add(more) }
        if let more = other[place].leastStationarity { point.leastStationarity?.add(more) }
      }
      return point
    }
  }

  /// The paper's means of its own critic, on MNIST.
  private var published: Double { method == .minmax ? 51.29 : 28.28 }

  static let columns: [Column<Table3Row>] =
    [
      Column("method") { $0.method.rawValue }, Column("images") { $0.images },
      Column("success", .percent(1)) { $0.successRate },
    ]
    + Table3Measure.all.enumerated().map { place, measure in
      Column(measure.name, .significant(4)) { $0.means[place] }
    } + [Column("the paper's (MNIST, own critic)", key: "published", .decimals(2)) { $0.published }]
}

/// MinMax minus the penalty method on the images of which both have an example.
struct Table3Comparison: Sendable {
  let measure: Table3Measure
  let test: PairedComparison

  init?(_ measure: Table3Measure, _ cells: [FinishedCell<Table3Cell>]) throws {
    self.measure = measure
    var pairs: [(Double, Double)] = []
    for cell in cells where cell.cell.method == .minmax {
      var twin = cell.cell
      twin.method = .penalty
      guard
        let other = cells.first(where: {
          $0.cell.method == .penalty && $0.cell.seed == twin.seed && $0.cell.first == twin.first
        })
      else { continue }
      for (a, b) in zip(measure.value(cell.outcome), measure.value(other.outcome)) {
        if let a, let b { pairs.append((a, b)) }
      }
    }
    guard pairs.count > 1 else { return nil }
    test = try PairedComparison(treatment: pairs.map(\.0), baseline: pairs.map(\.1), seed: 1)
  }

  static let columns: [Column<Table3Comparison>] = [
    Column("judge") { $0.measure.name }, Column("pairs") { $0.test.difference.values.count },
    Column("MinMax − penalty", .significant(3)) { row in
      row.test.interval.map { .interval(row.test.difference.mean, $0.lower...$0.upper) }
        ?? CellContent.missing
    },
    Column("p", .general(2)) { $0.test.adjustedPValue },
    Column("more alike") { row in
      switch row.test.verdict() {
      case .undecided: "–"
      case .higher: row.measure.isMoreAlike ? "MinMax" : "penalty"
      case .lower: row.measure.isMoreAlike ? "penalty" : "MinMax"
      }
    },
  ]
}
