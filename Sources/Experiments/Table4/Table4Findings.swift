import Evaluation
import Formats
import Reports

/// What the figures say: the values of the template's sentences.
struct Table4Findings {
  let rows: [Table4Row]

  typealias Values = [String: Document.Value]

  var values: Values {
    [
      "gains": .list(rows.compactMap(gain)), "steps": .list(steps, as: "rows"),
      "lengths": .list(lengths, as: "rows"), "start": .list(start, as: "rows"),
      "objective": .list(objective, as: "rows"), "spread": .list(spread, as: "rows"),
      "distance": .list(distance, as: "rows"),
    ]
  }

  /// What MINE-UAE and repetition change on a row.
  private func gain(_ row: Table4Row) -> Values? {
    guard let uae = row[Table4Arms.mineUAE], let repeated = row[Table4Arms.repeated],
      let gain = change(row, uae, Table4Arms.original),
      let control = change(row, repeated, Table4Arms.original),
      let left = change(row, uae, Table4Arms.repeated), let figures = uae.figures
    else { return nil }
    let best = row.arms.filter { ![Table4Arms.original, Table4Arms.repeated].contains($0.arm.name) }
      .compactMap { arm in change(row, arm, Table4Arms.repeated).map { (arm: arm, comparison: $0) } }
      .min { ($0.comparison.relativeChange ?? .nan) < ($1.comparison.relativeChange ?? .nan) }
    let equal = change(row, uae, Table4Arms.original, .equalTestError)
    return [
      "title": .text(row.title), "samples": .text("\(row.trainCount)"), "epochs": .text("\(row.key.epochs)"),
      "seeds": .text("\(uae.cells.count) seed\(uae.cells.count == 1 ? "" : "s")"),
      "gain": .text(gain.changeText), "paper": .optional(published(row)),
      "repeated": .text(control.changeText),
      "left": .text("\(left.changeText) \(left.verdictText)"),
      "near": .text(figures.nearShare.text(.percent(1))),
      "l2": .text(figures.l2.text(.decimals(3))),
      "equal": .optional(equal.map { "\($0.changeText) \($0.verdictText)" }),
      "best": best.flatMap { best in
        (best.comparison.relativeChange ?? 0) < 0
          ? .group([
            "name": .text(best.arm.name),
            "change": .text("\(best.comparison.changeText) \(best.comparison.verdictText)"),
          ]) : nil
      } ?? .flag(false),
    ]
  }

  /// The paper's own change.
  private func published(_ row: Table4Row) -> String? {
    func error(_ arm: String) -> Double? {
      PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: arm)?.error
    }
    guard let uae = error(Table4Arms.mineUAE), let original = error(Table4Arms.original) else { return nil }
    return (uae / original - 1).text(.change(1))
  }

  /// How much of the gain the doubled number of steps explains.
  private var steps: [Values] {
    rows.compactMap { row in
      guard let uae = row[Table4Arms.mineUAE], let repeated = row[Table4Arms.repeated],
        let gain = change(row, uae, Table4Arms.original)?.relativeChange,
        let control = change(row, repeated, Table4Arms.original)?.relativeChange, gain < 0
      else { return nil }
      return ["row": .text(row.fullTitle), "share": .text((control / gain).text(.percent(0)))]
    }
  }

  /// What longer training leaves, where a model was trained for more than one number of epochs on the same samples.
  private var lengths: [Values] {
    let groups = Dictionary(grouping: rows) { "\($0.title) \($0.trainCount)" }.filter { $0.value.count > 1 }
    return groups.sorted { $0.key < $1.key }.map { _, rows in
      [
        "lengths": .list(
          rows.sorted { $0.key.epochs < $1.key.epochs }.compactMap { row -> Values? in
            guard let error = row[Table4Arms.original]?.summary({ $0.trained.test })?.mean else { return nil }
            let changes = [Table4Arms.repeated, Table4Arms.mineUAE, "far-noise"].compactMap { arm in
              row[arm].flatMap { change(row, $0, Table4Arms.original) }.map { "\(arm) \($0.changeText)" }
            }
            return [
              "epochs": .text("\(row.key.epochs)"), "error": .text(error.text(.decimals(5))),
              "changes": .text(changes.joined(separator: ", ")),
            ]
          })
      ]
    }
  }

  /// What the published code's start and norms change.
  private var start: [Values] {
    rows.compactMap { row in
      guard let paper = row[Table4Arms.mineUAE], let code = row[Table4Arms.mineUAECode],
        let a = paper.figures,
        let b = code.figures, let left = change(row, code, Table4Arms.repeated)
      else { return nil }
      return [
        "row": .text(row.fullTitle), "paperRate": .text(NumberFormat.percent(0).bare(a.successRate)),
        "codeRate": .text(b.successRate.text(.percent(0))), "paperL2": .text(a.l2.text(.decimals(3))),
        "codeL2": .text(b.l2.text(.decimals(3))), "left": .text(left.changeText),
      ]
    }
  }

  /// How much L2-UAE finds.
  private var objective: [Values] {
    rows.compactMap { row in
      guard let arm = row[Table4Arms.l2UAE], let rate = arm.summary({ $0.examples?.successRate }) else {
        return nil
      }
      let size = arm.figures.flatMap { $0.successRate > 0 ? $0.l2.text(.decimals(3)) : nil }
      return [
        "row": .text(row.fullTitle), "rate": .text(rate.mean.text(.percent(1))), "l2": .optional(size),
      ]
    }
  }

  /// How much a change of nothing changes.
  private var spread: [Values] {
    rows.compactMap { row in
      guard let arm = row["ga-0.001"], let left = change(row, arm, Table4Arms.repeated) else { return nil }
      return ["row": .text(row.fullTitle), "left": .text(left.changeText)]
    }
  }

  /// How far the arms' examples are from their originals, beside what they do for the test error.
  private var distance: [Values] {
    rows.compactMap { row in
      let arms = row.arms.compactMap { arm -> Values? in
        guard let figures = arm.figures, figures.successRate > 0,
          let left = change(row, arm, Table4Arms.repeated)
        else { return nil }
        return [
          "arm": .text(arm.name), "l2": .text(figures.l2.text(.decimals(2))), "left": .text(left.changeText),
        ]
      }
      return arms.isEmpty ? nil : ["row": .text(row.fullTitle), "arms": .list(arms)]
    }
  }

  private func change(
    _ row: Table4Row, _ arm: ArmCells, _ baseline: String,
    _ figure: Column<FinishedCell<Experiment>> = .testError
  ) -> PairedComparison? {
    row.comparison(of: arm, with: baseline, figure).flatMap { $0.relativeChange == nil ? nil : $0 }
  }
}
