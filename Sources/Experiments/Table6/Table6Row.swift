import Evaluation
import Reports
import Selection

/// An arm on a data set over its seeds.
struct Table6Row: SeededRow {
  let part: Table6Plan.Part
  let arm: Table6Arm
  /// By seed.
  let cells: [FinishedCell<Table6Cell>]
  /// Of the arm's accuracy and error against those of `equal-updates`, seed by seed.
  var accuracy: PairedComparison?
  var error: PairedComparison?

  init?(_ part: Table6Plan.Part, _ arm: Table6Arm, _ cells: [FinishedCell<Table6Cell>]) {
    let own = cells.filter { $0.cell.part == part && $0.cell.arm == arm }.sorted {
      $0.cell.seed < $1.cell.seed
    }
    guard !own.isEmpty else { return nil }
    self.part = part
    self.arm = arm
    self.cells = own
  }

  var outcomes: [Table6Cell.Outcome] { cells.map(\.outcome) }

  /// One figure, by seed.
  func values(_ figure: (Table6Cell.Outcome) -> Double?) -> [UInt64: Double] {
    Dictionary(
      cells.compactMap { cell in figure(cell.outcome).map { (cell.cell.seed, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  static func accuracy(_ outcome: Table6Cell.Outcome) -> Double? { outcome.report.forestAccuracy }
  static func error(_ outcome: Table6Cell.Outcome) -> Double? { outcome.report.decoderError }

  /// This row against another over the seeds that both have; nil below two.
  func compared(
    with other: Table6Row, _ figure: (Table6Cell.Outcome) -> Double?
  ) throws -> PairedComparison? {
    let (own, others) = (values(figure), other.values(figure))
    let seeds = own.keys.filter { others[$0] != nil }.sorted()
    guard seeds.count > 1 else { return nil }
    return try PairedComparison(
      treatment: seeds.compactMap { own[$0] }, baseline: seeds.compactMap { others[$0] }, seed: 1)
  }

  func mean(_ figure: (Table6Cell.Outcome) -> Double?) -> Double? {
    let found = values(figure)
    return found.isEmpty ? nil : Evaluation.mean(found.sorted { $0.key < $1.key }.map(\.value))
  }

  /// The spread of the forests of one choice of features: what an accuracy is uncertain by whatever is chosen.
  var forestDeviation: Double? {
    mean { (try? Summary($0.report.forestAccuracies))?.standardDeviation }
  }

  var selections: [FeatureSelection] {
    cells.compactMap {
      try? FeatureSelection(method: arm.rawValue, indices: $0.outcome.features, total: $0.outcome.total)
    }
  }

  private static func interval(_ comparison: PairedComparison?) -> CellContent {
    guard let comparison, let interval = comparison.interval else { return .missing }
    return .interval(comparison.difference.mean, interval.lower...interval.upper)
  }

  private static let name = Column<Table6Row>("features chosen by", key: "arm") { $0.arm.rawValue }

  static let judged: [Column<Table6Row>] = [
    name,
    .spread("trees, accuracy", key: "accuracy", .percent(2), accuracy),
    Column("against equal-updates", key: "accuracyChange", .percent(2)) { interval($0.accuracy) },
    Column("p", key: "accuracyP", .general(2)) { $0.accuracy?.adjustedPValue },
    .spread("decoder, error", key: "error", .decimals(5), error),
    Column("against equal-updates", key: "errorChange", .decimals(5)) { interval($0.error) },
    Column("p", key: "errorP", .general(2)) { $0.error?.adjustedPValue },
    .spread("linear, error", key: "linearError", .decimals(5)) { $0.report.linearError },
    .spread("linear probe", key: "probe", .percent(2)) { $0.report.probeAccuracy },
  ]

  static let chosen: [Column<Table6Row>] = [
    name,
    Column("distinct by themselves", key: "distinct", .decimals(1)) {
      $0.mean { $0.course.map { Double($0.distinct) } }
    },
    Column("mean of the largest probabilities", key: "largest", .decimals(3)) {
      $0.mean { $0.course?.meanLargest }
    },
    Column("stability", .decimals(2)) { row in
      (try? Stability(row.selections)).map {
        CellContent.interval($0.index, $0.interval.lower...$0.interval.upper)
      } ?? .missing
    },
    Column("forests' own spread", key: "forestDeviation", .percent(2)) { $0.forestDeviation },
    Column("UAEs, success", key: "success", .percent(1)) { $0.mean { $0.examples?.successRate } },
    Column("‖δ‖ inside", key: "inside", .decimals(3)) { $0.mean { $0.examples?.inside } },
    Column("‖δ‖ outside", key: "outside", .decimals(3)) { $0.mean { $0.examples?.outside } },
  ]

  static let columns: [Column<Table6Row>] =
    [
      Column("dataset") { $0.part.dataset }, Column("features") { $0.part.features },
      Column("seeds") { $0.cells.count },
    ]
    + judged + chosen.dropFirst()
}
