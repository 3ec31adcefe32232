import Evaluation
import Formats
import Reports
import Selection

/// The paper's Table 6: representation learning by the concrete autoencoder, with UAEs and without, beside what closed forms
/// do in a second.
package enum Table6: Study {
  package static let name = "table6"
  package static let summary =
    "the paper's Table 6: features chosen by the concrete autoencoder, with and without UAEs, and by closed forms"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    [
      "smoke": PackageResources.table6_smoke_yaml, "small": PackageResources.table6_small_yaml,
      "paper": PackageResources.table6_paper_yaml,
    ]
  }

  /// The seed of the trials: none of those that are reported.
  static let trialSeed: UInt64 = 1000

  private static func trials(_ plan: Table6Plan) -> [Table6Cell] {
    plan.sets.flatMap { part in
      plan.arms.filter(\.isTuned).flatMap { arm in
        plan.settings.tried.flatMap { scale in
          [false, true].map { isClean in
            Table6Cell(
              part: part, settings: plan.settings, arm: arm, seed: trialSeed, scale: scale,
              aimsAtClean: isClean, isTrial: true)
          }
        }
      }
    }
  }

  /// What was tuned: the trial of least error on the samples to validate.
  static func tuned(
    _ part: Table6Plan.Part, _ arm: Table6Arm, _ plan: Table6Plan, _ found: FinishedCells<Table6Cell>
  ) throws -> Table6Cell {
    let own = trials(plan).filter { $0.part == part && $0.arm == arm }
    let judged = own.compactMap { cell in found[cell]?.outcome.report.decoderError.map { (cell, $0) } }
    guard judged.count == own.count, let best = judged.min(by: { $0.1 < $1.1 }) else {
      throw StudyError.settings("trials of \(arm.rawValue) on \(part.dataset) are missing")
    }
    return best.0
  }

  package static func cells(
    _ plan: Table6Plan, stage: Int, _ found: FinishedCells<Table6Cell>
  ) throws -> [Table6Cell]? {
    switch stage {
    case 0: return trials(plan)
    case 1:
      return try plan.sets.flatMap { part in
        try plan.arms.flatMap { arm in
          let tuned = arm.isTuned ? try self.tuned(part, arm, plan, found) : nil
          return (1...UInt64(plan.seeds)).map { seed in
            Table6Cell(
              part: part, settings: plan.settings, arm: arm, seed: seed, scale: tuned?.scale,
              aimsAtClean: tuned?.aimsAtClean)
          }
        }
      }
    default: return nil
    }
  }

  package static func document(_ plan: Table6Plan, _ found: FinishedCells<Table6Cell>) throws -> Document {
    let cells = found.all.filter { !$0.cell.isTrial }
    let groups = try plan.sets.compactMap { try Table6Group($0, plan, cells) }
    guard !groups.isEmpty else { throw StudyError.settings("table6 has no finished cells") }
    let rows = groups.flatMap(\.rows)
    return Document(
      try Template("table6.md", String(decoding: PackageResources.table6_md, as: UTF8.self)),
      [
        "software": .text(found.software), "verdict": .text(Table6Group.verdict(groups)),
        "standing": .list(groups.map { ["text": .text($0.standing)] }),
        "arms": .list(plan.arms.map { ["name": .text($0.rawValue), "text": .text($0.text)] }),
        "steps": .text("\(plan.settings.steps)"), "twice": .text("\(2 * plan.settings.steps)"),
        "batch": .text("\(plan.settings.batchSize)"), "iterations": .text("\(plan.settings.iterations)"),
        "mineSteps": .text("\(plan.settings.mineSteps)"), "forests": .text("\(plan.settings.forests)"),
        "tried": .text(plan.settings.tried.map { $0.text(.general(3)) }.joined(separator: ", ")),
        "groups": .list(try groups.map { try $0.values(plan, found) }),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(Table6Row.columns, rows), json: try found.json(cells))
  }
}
