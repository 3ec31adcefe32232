import Evaluation
import Formats
import Reports

/// What the figures say: the values of the template's sentences, and one table of what MINE-UAE gains.
struct Table4Findings {
  let rows: [Table4Row]

  typealias Values = [String: Document.Value]

  /// - Throws: ``ReportError``, as ``Table``.
  func values() throws(ReportError) -> Values {
    let gains = rows.compactMap(Gain.init)
    return [
      "lead": lead(gains),
      "gains": gains.isEmpty ? .flag(false) : .table(try Records(Gain.columns, gains).table),
      "lengths": .list(lengths, as: "rows"), "objective": objective,
    ]
  }

  /// What MINE-UAE and repetition change on a row.
  private struct Gain: Sendable {
    let row: Table4Row
    let uae: ArmCells
    let gain: PairedComparison
    let repeated: PairedComparison
    let left: PairedComparison

    init?(_ row: Table4Row) {
      guard let uae = row[Table4Arms.mineUAE], let repeated = row[Table4Arms.repeated],
        let gain = change(row, uae, Table4Arms.original),
        let control = change(row, repeated, Table4Arms.original),
        let left = change(row, uae, Table4Arms.repeated)
      else { return nil }
      self.row = row
      self.uae = uae
      self.gain = gain
      self.repeated = control
      self.left = left
    }

    /// How much of the gain the doubled number of steps explains.
    var share: Double? {
      guard let gain = gain.relativeChange, let control = repeated.relativeChange, gain < 0 else {
        return nil
      }
      return control / gain
    }

    /// The paper's own change.
    var published: Double? {
      func error(_ arm: String) -> Double? {
        PublishedTable4.figure(dataset: row.key.dataset, model: row.key.model, arm: arm)?.error
      }
      guard let uae = error(Table4Arms.mineUAE), let original = error(Table4Arms.original) else { return nil }
      return uae / original - 1
    }

    /// The arm with the least error, where it is below repetition's.
    var best: String? {
      let best = row.arms.filter { ![Table4Arms.original, Table4Arms.repeated].contains($0.arm.name) }
        .compactMap { arm in
          change(row, arm, Table4Arms.repeated).map { (name: arm.name, comparison: $0) }
        }
        .min { ($0.comparison.relativeChange ?? .nan) < ($1.comparison.relativeChange ?? .nan) }
      guard let best, (best.comparison.relativeChange ?? 0) < 0 else { return nil }
      return "\(best.name) \(best.comparison.changeText)"
    }

    static let columns: [Column<Gain>] = [
      Column("data") { $0.row.key.dataset }, Column("samples") { $0.row.trainCount },
      Column("model") { $0.row.label }, Column("seeds") { $0.uae.cells.count },
      Column("paper's gain", .change(1)) { $0.published }, Column("gain", .change(1)) { $0.gain },
      Column("repeated", .change(1)) { $0.repeated }, Column("repetition's share", .percent(0)) { $0.share },
      Column("UAEs against repeated", .change(1)) { $0.left }, Column("p") { $0.left.pText() },
      Column("at equal steps", .change(1)) { change($0.row, $0.uae, Table4Arms.original, .equalTestError) },
      Column("noise of σ 0.001", .change(1)) { gain in
        gain.row["ga-0.001"].flatMap { change(gain.row, $0, Table4Arms.repeated) }
      },
      Column("near", .percent(1)) { $0.uae.figures?.nearShare },
      Column("lowest") { $0.best },
    ]
  }

  /// On how many rows the examples add anything to repetition; a test needs six seeds to be able to say so.
  private func lead(_ gains: [Gain]) -> Document.Value {
    let tested = gains.filter { $0.left.difference.values.count >= 6 }
    let lower = tested.filter { $0.left.verdict() == .lower }
    let higher = tested.filter { $0.left.verdict() == .higher }
    func names(_ gains: [Gain]) -> String? {
      gains.isEmpty ? nil : gains.map { "\($0.row.title) \($0.left.changeText)" }.joined(separator: ", ")
    }
    guard !tested.isEmpty else { return .flag(false) }
    return .group([
      "count": .text("\(lower.count)"), "total": .text("\(tested.count)"), "lower": .optional(names(lower)),
      "higher": .optional(names(higher)),
    ])
  }

  /// What longer training leaves, where a model was trained for more than one number of epochs on the same samples.
  private var lengths: [Values] {
    let groups = Dictionary(grouping: rows) { "\($0.title) \($0.trainCount)" }.filter { $0.value.count > 1 }
    return groups.sorted { $0.key < $1.key }.map { _, rows in
      [
        "title": .text("\(rows[0].title), \(rows[0].trainCount) samples"),
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
          }),
      ]
    }
  }

  /// How little L2-UAE finds.
  private var objective: Document.Value {
    let rates = rows.compactMap { row in row[Table4Arms.l2UAE]?.summary { $0.examples?.successRate }?.mean }
    guard let least = rates.min(), let most = rates.max() else { return .flag(false) }
    return .group(["least": .text(least.text(.percent(1))), "most": .text(most.text(.percent(1)))])
  }
}

private func change(
  _ row: Table4Row, _ arm: ArmCells, _ baseline: String,
  _ figure: Column<FinishedCell<Experiment>> = .testError
) -> PairedComparison? {
  row.comparison(of: arm, with: baseline, figure).flatMap { $0.relativeChange == nil ? nil : $0 }
}
