import Evaluation
import Formats
import Reports

/// The supplement's 6.17 for classifiers: whether a model that was trained on unsupervised adversarial examples, too, withstands
/// attacks better than one with as many updates and without them.
package enum Robustness: Study {
  package static let name = "robustness"
  package static let summary =
    "classifiers trained with and without adversarial examples under the same attacks, at equal updates"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    ["smoke": PackageResources.robustness_smoke_yaml, "small": PackageResources.robustness_small_yaml]
  }

  package static func cells(
    _ plan: RobustnessPlan, stage: Int, _ found: FinishedCells<RobustnessCell>
  ) throws -> [RobustnessCell]? {
    guard stage == 0 else { return nil }
    return (1...UInt64(plan.seeds)).flatMap { seed in plan.arms.map { cell(plan, $0, seed) } }
  }

  private static func cell(_ plan: RobustnessPlan, _ arm: Arm, _ seed: UInt64) -> RobustnessCell {
    RobustnessCell(
      experiment: plan.experiment(arm, seed: seed), attacked: plan.attacked, epsilons: plan.epsilons,
      iterations: plan.iterations)
  }

  package static func document(
    _ plan: RobustnessPlan, _ found: FinishedCells<RobustnessCell>
  ) throws -> Document {
    let rows = plan.arms.compactMap { arm in
      RobustnessRow(arm.name ?? "", (1...UInt64(plan.seeds)).compactMap { found[cell(plan, arm, $0)] })
    }
    guard let control = rows.first, control.name == plan.arms.first?.name else {
      throw StudyError.settings("robustness has no finished cell of its first arm")
    }
    let columns = RobustnessRow.columns(plan.epsilons, control)
    func differing(_ verdict: PairedComparison.Verdict) -> Document.Value {
      let texts = rows.dropFirst().flatMap { row in
        plan.epsilons.indices.filter { row.comparison($0, with: control)?.verdict() == verdict }.map {
          "\(row.name) within ε = \(plan.epsilons[$0])"
        }
      }
      return .optional(texts.isEmpty ? nil : texts.joined(separator: ", "))
    }
    return Document(
      try Template("robustness.md", String(decoding: PackageResources.robustness_md, as: UTF8.self)),
      [
        "software": .text(found.software), "dataset": .text(plan.dataset),
        "samples": .text("\(plan.samples)"),
        "updates": .text("\(plan.updates)"), "batch": .text("\(plan.batchSize)"),
        "rate": .text("\(plan.learningRate)"), "attacked": .text("\(plan.attacked)"),
        "iterations": .text("\(plan.iterations)"), "seeds": .text("\(plan.seeds)"),
        "control": .text(control.name),
        "better": differing(.higher),
        "worse": differing(.lower),
        "rows": .table(try Records(columns, rows).table),
        "curve": .plot("robust-accuracy", curve(plan, rows)),
        "arms": .list(
          plan.arms.map { arm in
            ["name": .text(arm.name ?? ""), "setting": .text(arm.description)]
          }),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(columns, rows), json: try found.json(rows.flatMap(\.cells)))
  }

  private static func curve(_ plan: RobustnessPlan, _ rows: [RobustnessRow]) -> Plot {
    let order = plan.epsilons.indices.sorted { plan.epsilons[$0] < plan.epsilons[$1] }
    return Plot(
      "Share of the test samples that keep their class, by the bound",
      x: PlotAxis("ε, the largest change of a value"), y: PlotAxis("robust accuracy", range: 0...1),
      marks: rows.map { row in
        .line(
          name: row.name, order.map { Plot.Point(plan.epsilons[$0], mean(row.accuracies($0))) })
      })
  }
}

/// A way of training over its seeds.
struct RobustnessRow: SeededRow {
  let name: String
  /// In the order of their seeds.
  let cells: [FinishedCell<RobustnessCell>]

  init?(_ name: String, _ cells: [FinishedCell<RobustnessCell>]) {
    guard !cells.isEmpty else { return nil }
    self.name = name
    self.cells = cells.sorted { $0.cell.experiment.seed < $1.cell.experiment.seed }
  }

  var outcomes: [RobustnessCell.Outcome] { cells.map(\.outcome) }
  func accuracies(_ place: Int) -> [Double] { cells.map { $0.outcome.robustAccuracy[place] } }

  /// Robust accuracy against another way's with the same seeds; nil where the seeds are not the same.
  func comparison(_ place: Int, with other: RobustnessRow) -> PairedComparison? {
    guard other.cells.map(\.cell.experiment.seed) == cells.map(\.cell.experiment.seed) else { return nil }
    return try? PairedComparison(
      treatment: accuracies(place), baseline: other.accuracies(place), seed: 1)
  }

  static func columns(_ epsilons: [Double], _ control: RobustnessRow) -> [Column<RobustnessRow>] {
    let bounds = epsilons.indices.flatMap { place -> [Column<RobustnessRow>] in
      let epsilon = epsilons[place]
      return [
        .spread("robust, ε = \(epsilon)", key: "robust_\(epsilon)", .percent(1)) { $0.robustAccuracy[place] },
        Column("points more", key: "more_\(epsilon)", .decimals(1)) { row in
          guard row.name != control.name, let found = row.comparison(place, with: control) else {
            return CellContent.missing
          }
          guard let interval = found.interval else { return .number(100 * found.difference.mean) }
          return .interval(100 * found.difference.mean, 100 * interval.lower...100 * interval.upper)
        },
      ]
    }
    return [
      Column("trained on", key: "arm") { $0.name }, Column("seeds") { $0.cells.count },
      .spread("test error", key: "error", .percent(2)) { $0.error },
    ] + bounds + [
      .spread("examples found", key: "examples", .percent(0)) { $0.examples },
      .spread("seconds", key: "seconds", .decimals(1)) { $0.seconds },
    ]
  }
}
