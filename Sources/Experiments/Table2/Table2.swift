import Evaluation
import Formats
import Reports

/// The paper's Table 2 and Figure 1: how far supervised adversarial examples are from the training images as a distribution,
/// by the views that the information is taken over, with what the paper lacks: clean images, other attacks and noise.
package enum Table2: Study {
  package static let name = "table2"
  package static let summary =
    "supervised examples by random and by convolution views: distances of distributions (Figure 1)"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    [
      "smoke": PackageResources.table2_smoke_yaml, "small": PackageResources.table2_small_yaml,
      "paper": PackageResources.table2_paper_yaml,
    ]
  }

  package static func cells(
    _ plan: Table2Plan, stage: Int, _ found: FinishedCells<Table2Cell>
  ) throws -> [Table2Cell]? {
    let seeds = 1...UInt64(plan.seeds), features = plan.models.isEmpty ? nil : plan.models
    switch stage {
    case 0:
      return seeds.flatMap { seed in
        Table2Cell.Arm.allCases.filter { $0 != .noise }.filter { arm in
          // Only what draws anything differs between seeds.
          seed == 1 || arm == .projections || arm == .convolution
        }.map { Table2Cell(plan: plan.bare, arm: $0, seed: seed, features: features) }
      }
    case 1:
      return seeds.compactMap { seed in
        let twin = found[Table2Cell(plan: plan.bare, arm: .convolution, seed: seed, features: features)]
        return twin.map {
          Table2Cell(
            plan: plan.bare, arm: .noise, seed: seed, norm: ($0.outcome.l2 * 1000).rounded() / 1000,
            features: features)
        }
      }
    default: return nil
    }
  }

  package static func document(_ plan: Table2Plan, _ found: FinishedCells<Table2Cell>) throws -> Document {
    let cells = try (0...1).flatMap { try self.cells(plan, stage: $0, found) ?? [] }.compactMap { found[$0] }
    let rows = Table2Cell.Arm.allCases.compactMap { Table2Row($0, cells) }
    guard let first = cells.first, let clean = rows.first(where: { $0.arm == .clean }) else {
      throw StudyError.settings("table2 has no finished cell of the clean images")
    }
    let columns = Table2Row.columns + plan.models.flatMap { Table2Row.columns(of: $0.name) }
    let shown = rows.compactMap { row in cells.first { $0.cell.arm == row.arm }.map { (row.arm.rawValue, $0) }
    }
    let verdict = [Table2Cell.Arm.projections, .convolution].compactMap { arm in
      rows.first { $0.arm == arm }.map { row in
        "*\(arm.rawValue)* \(mean(row.kernel).text(.significant(3)))"
      }
    }.joined(separator: " and ")
    return Document(
      try Template("table2.md", String(decoding: PackageResources.table2_md, as: UTF8.self)),
      [
        "software": .text(found.software), "dataset": .text(plan.dataset),
        "images": .text("\(first.outcome.images)"), "reference": .text("\(plan.reference)"),
        "iterations": .text("\(plan.iterations)"), "projections": .text("\(plan.projectionCount)"),
        "fair": plan.asPublished == true
          ? .flag(false) : .group(["mineSteps": .text("\(plan.mineSteps)")]),
        "epsilon": .text("\(plan.epsilon)"),
        "epochs": .text("\(plan.epochs)"), "seeds": .text("\(plan.seeds)"),
        "accuracy": .text((100 * first.outcome.accuracy).text(.decimals(2))),
        "verdict": .text(verdict), "clean": .text(mean(clean.kernel).text(.significant(3))),
        "rows": .table(try Records(columns, rows).table),
        "given": plan.models.isEmpty
          ? .flag(false)
          : .group(["names": .text(plan.models.map { "*\($0.name)*" }.joined(separator: ", "))]),
        "picture": try ShownImages.grid(shown).map { grid in
          .group([
            "grid": .grid("examples", grid, shows: "The first images, and what each method makes of them")
          ])
        } ?? .flag(false),
        "commands": .list(found.commands.map { ["command": .text($0)] }, as: "all"),
      ],
      records: try Records(columns, rows), json: try found.json(cells))
  }
}

/// A set of images over its seeds.
struct Table2Row: SeededRow {
  let arm: Table2Cell.Arm
  let outcomes: [Table2Cell.Outcome]
  var kernel: [Double] { outcomes.map(\.kernel) }

  init?(_ arm: Table2Cell.Arm, _ cells: [FinishedCell<Table2Cell>]) {
    outcomes = cells.filter { $0.cell.arm == arm }.map(\.outcome)
    guard !outcomes.isEmpty else { return nil }
    self.arm = arm
  }

  /// The distances by the features of a network of the user's.
  static func columns(of name: String) -> [Column<Table2Row>] {
    [
      .spread("Fréchet distance by \(name)", key: "frechet_\(name)") { $0.given?[name]?.frechet },
      .spread("of infinitely many by \(name)", key: "frechet_limit_\(name)") {
        $0.given?[name]?.frechetOfMany
      },
      .spread("kernel distance by \(name)", key: "kernel_\(name)") { $0.given?[name]?.kernel },
    ]
  }

  static let columns: [Column<Table2Row>] = [
    Column("images of", key: "arm") { $0.arm.rawValue }, Column("seeds") { $0.outcomes.count },
    .spread("success", key: "success", .percent(1)) { $0.successRate },
    .spread("Fréchet distance", key: "frechet") { $0.frechet },
    .spread("of infinitely many", key: "frechet_limit") { $0.frechetOfMany },
    .spread("kernel distance", key: "kernel") { $0.kernel }, .spread("‖δ‖₂", key: "l2") { $0.l2 },
    .spread("SSIM", key: "ssim") { $0.ssim },
  ]
}
