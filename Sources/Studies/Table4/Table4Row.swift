import Evaluation
import Foundation

/// A model on a data set: all arms, all seeds.
public struct Table4Row: Sendable {
  /// What the cells of a row have in common.
  public struct Key: Hashable, Sendable {
    public var dataset: String
    public var samples: Int?
    public var model: String
    public var epochs: Int
    public var batchSize: Int
  }

  /// One arm of a row, seed by seed.
  public struct Arm: Sendable {
    public let arm: Table4Arm
    public let cells: [FinishedCell<Table4Cell>]

    /// By seed.
    func values(_ figure: (Table4Cell.Outcome) -> Double) -> [UInt64: Double] {
      Dictionary(cells.map { ($0.cell.seed, figure($0.outcome)) }) { first, _ in first }
    }

    /// Mean and spread over the seeds.
    func summary(_ figure: (Table4Cell.Outcome) -> Double?) -> Summary? {
      let values = cells.compactMap { figure($0.outcome) }.filter(\.isFinite)
      return try? Summary(values)
    }

    /// The first seed's examples.
    var figures: ExampleFigures? { cells.first?.outcome.examples }

    /// The mean over the seeds of each class's test error.
    var perClass: [Double] {
      let lists = cells.map(\.outcome.trained.perClass)
      return (lists.first ?? []).indices.map { index in
        mean(lists.compactMap { $0.indices.contains(index) ? $0[index] : nil })
      }
    }
  }

  public let key: Key
  public let arms: [Arm]

  public var title: String { "\(key.dataset) \(key.model)" }
  /// As text names it where several rows stand side by side.
  var fullTitle: String { "\(title), \(trainCount) samples, \(key.epochs) epochs" }
  /// As tables name it: one model may be there with several lengths of training.
  var label: String { "\(key.model), \(key.epochs) epochs" }
  public var trainCount: Int { arms.first?.cells.first?.outcome.trainCount ?? 0 }
  public var testCount: Int { arms.first?.cells.first?.outcome.testCount ?? 0 }
  public var notes: [String] { arms.first?.cells.first?.outcome.notes ?? [] }
  public var seeds: [UInt64] { Set(arms.flatMap { $0.cells.map(\.cell.seed) }).sorted() }

  subscript(arm: Table4Arm) -> Arm? { arms.first { $0.arm == arm } }

  /// An arm against another one over the seeds that both have.
  func comparison(
    of arm: Arm, with baseline: Table4Arm, _ figure: (Table4Cell.Outcome) -> Double
  ) -> PairedComparison? {
    guard arm.arm != baseline, let other = self[baseline] else { return nil }
    let treatment = arm.values(figure), control = other.values(figure)
    let seeds = treatment.keys.filter { control[$0] != nil }.sorted()
    guard !seeds.isEmpty else { return nil }
    return try? PairedComparison(
      treatment: seeds.compactMap { treatment[$0] }, baseline: seeds.compactMap { control[$0] }, seed: 1)
  }

  /// The rows of finished cells, in the order of the paper's table.
  public static func rows(_ cells: [FinishedCell<Table4Cell>]) -> [Table4Row] {
    let groups = Dictionary(grouping: cells) { finished in
      let cell = finished.cell
      return Key(
        dataset: cell.dataset, samples: cell.samples, model: cell.model, epochs: cell.epochs,
        batchSize: cell.batchSize)
    }
    let order = ["sparse", "dense", "conv", "adversarial"]
    let rows = groups.map { key, cells in
      Table4Row(key: key, arms: arms(cells))
    }
    return rows.sorted { a, b in
      func rank(_ row: Table4Row) -> (String, Int, Int, Int) {
        (row.key.dataset, -row.trainCount, order.firstIndex(of: row.key.model) ?? order.count, row.key.epochs)
      }
      return rank(a) < rank(b)
    }
  }

  private static func arms(_ cells: [FinishedCell<Table4Cell>]) -> [Arm] {
    let groups = Dictionary(grouping: cells, by: \.cell.arm)
    let known = Table4Arm.named.filter { groups[$0] != nil }
    let others = groups.keys.filter { !Table4Arm.named.contains($0) }.sorted { $0.rawValue < $1.rawValue }
    return (known + others).map { arm in
      Arm(arm: arm, cells: (groups[arm] ?? []).sorted { $0.cell.seed < $1.cell.seed })
    }
  }
}
