import Evaluation
import Formats
import Reports

/// An arm of a comparison, seed by seed.
public struct ArmCells: Sendable {
  /// What tables call it.
  public let name: String
  /// What was added to the data.
  public let arm: Arm
  /// In the order of their seeds.
  public let cells: [FinishedCell<Experiment>]

  /// The finished cells of an arm.
  public init(name: String, arm: Arm, cells: [FinishedCell<Experiment>]) {
    self.name = name
    self.arm = arm
    self.cells = cells.sorted { $0.cell.seed < $1.cell.seed }
  }

  var seeds: [UInt64] { cells.map(\.cell.seed) }

  /// The first seed's examples.
  var figures: ExampleFigures? { cells.first?.outcome.examples }

  /// The mean over the seeds of each class's test error.
  var perClass: [Double] {
    let lists = cells.map(\.outcome.trained.perClass)
    return (lists.first ?? []).indices.map { index in
      mean(lists.compactMap { $0.indices.contains(index) ? $0[index] : nil })
    }
  }

  /// Mean and spread over the seeds that have the figure; nil where none has.
  func summary(_ figure: (Experiment.Outcome) -> Double?) -> Summary? {
    try? Summary(cells.compactMap { figure($0.outcome) }.filter(\.isFinite))
  }

  /// This arm against another one over the seeds that both have; nil where they share none.
  func comparison(
    with baseline: ArmCells, _ figure: Column<FinishedCell<Experiment>>
  ) -> PairedComparison? {
    let base = Dictionary(baseline.cells.map { ($0.cell.seed, figure.number($0)) }) { first, _ in first }
    let pairs = cells.compactMap { cell in base[cell.cell.seed].map { (figure.number(cell), $0) } }
    return try? PairedComparison(treatment: pairs.map(\.0), baseline: pairs.map(\.1), seed: 1)
  }
}

/// A row of a study's table: the outcomes of an arm over its seeds.
protocol SeededRow: Sendable {
  associatedtype Outcome: Sendable
  var outcomes: [Outcome] { get }
}

extension Column where Row: SeededRow {
  /// Mean and spread of a figure over the seeds that have it.
  static func spread(
    _ title: String, key: String, _ format: NumberFormat = .significant(3),
    _ figure: @escaping @Sendable (Row.Outcome) -> Double?
  ) -> Column {
    Column(title, key: key, format) { try? Summary($0.outcomes.compactMap(figure)) }
  }
}

extension Summary: TableValue {
  /// Mean and deviation, as tables show them.
  public var cell: CellContent { .spread(mean: mean, deviation: standardDeviation, count: values.count) }
}

extension PairedComparison: TableValue {
  /// The relative change with its interval, both as shares of the baseline's mean.
  public var cell: CellContent {
    guard let change = relativeChange else { return .missing }
    guard let interval, difference.mean != 0 else { return .number(change) }
    let scale = change / difference.mean
    let bounds = [scale * interval.lower, scale * interval.upper].sorted()
    return .interval(change, bounds[0]...bounds[1])
  }

  /// The change alone, as text: `-6.8 %`.
  var changeText: String { (relativeChange ?? .nan).text(.change(1)) }

  /// The p-value as text; one pair has none.
  func pText(_ value: KeyPath<PairedComparison, Double> = \.test.pValue) -> String? {
    difference.values.count > 1 ? self[keyPath: value].text(.general(3)) : nil
  }
}
