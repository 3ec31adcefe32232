import Evaluation
import Models
import Reports

/// A model on a data set: all arms, all seeds.
package struct Table4Row: Sendable {
  /// What the cells of a row have in common.
  package struct Key: Hashable, Sendable {
    package var data: DataPart
    package var model: String
    package var schedule: Schedule

    package var dataset: String { data.dataset }
    package var epochs: Int { schedule.epochs ?? 0 }
    package var batchSize: Int { schedule.batchSize }
  }

  package let key: Key
  package let arms: [ArmCells]

  package var title: String { "\(key.dataset) \(key.model)" }
  /// As text names it where several rows stand side by side.
  var fullTitle: String { "\(title), \(trainCount) samples, \(key.epochs) epochs" }
  /// As tables name it: one model may be there with several lengths of training.
  var label: String { "\(key.model), \(key.epochs) epochs" }
  package var trainCount: Int { arms.first?.cells.first?.outcome.trainCount ?? 0 }
  package var testCount: Int { arms.first?.cells.first?.outcome.testCount ?? 0 }
  package var notes: [String] { arms.first?.cells.first?.outcome.notes ?? [] }
  package var seeds: [UInt64] { Set(arms.flatMap(\.seeds)).sorted() }

  subscript(name: String) -> ArmCells? { arms.first { $0.arm.name == name } }

  /// An arm against another one over the seeds that both have.
  func comparison(
    of arm: ArmCells, with baseline: String, _ figure: Column<FinishedCell<Experiment>>
  ) -> PairedComparison? {
    guard arm.arm.name != baseline, let other = self[baseline] else { return nil }
    return arm.comparison(with: other, figure)
  }

  /// The rows of finished cells, in the order of the paper's table.
  package static func rows(_ cells: [FinishedCell<Experiment>]) -> [Table4Row] {
    let groups = Dictionary(grouping: cells) { finished in
      Key(data: finished.cell.data, model: finished.cell.model, schedule: finished.cell.schedule)
    }
    let order = ModelFamilies.all.map(\.name)
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

  /// Arms of one name with different settings are different arms, and say their settings.
  private static func arms(_ cells: [FinishedCell<Experiment>]) -> [ArmCells] {
    let groups = Dictionary(grouping: cells, by: \.cell.arm)
    func rank(_ arm: Arm) -> (Int, String) {
      (Table4Arms.names.firstIndex(of: arm.name ?? "") ?? Table4Arms.names.count, arm.description)
    }
    return groups.keys.sorted { rank($0) < rank($1) }.map { arm in
      let name = arm.name ?? arm.description
      return ArmCells(
        name: groups.keys.count { $0.name == arm.name } > 1 ? "\(name) (\(arm.description))" : name,
        arm: arm, cells: groups[arm] ?? [])
    }
  }
}
