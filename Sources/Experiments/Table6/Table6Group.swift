import Evaluation
import Formats
import Reports
import Selection

/// The arms on one data set.
struct Table6Group: Sendable {
  let part: Table6Plan.Part
  let rows: [Table6Row]

  /// Nil where no cell is finished. The p-values of a set are one family.
  init?(_ part: Table6Plan.Part, _ plan: Table6Plan, _ cells: [FinishedCell<Table6Cell>]) throws {
    var rows = plan.arms.compactMap { Table6Row(part, $0, cells) }
    guard !rows.isEmpty else { return nil }
    if let base = rows.first(where: { $0.arm == .equalUpdates }) {
      for i in rows.indices where rows[i].arm != .equalUpdates {
        rows[i].accuracy = try rows[i].compared(with: base, Table6Row.accuracy)
        rows[i].error = try rows[i].compared(with: base, Table6Row.error)
      }
    }
    let family = PairedComparison.family(rows.compactMap(\.accuracy) + rows.compactMap(\.error))
    var corrected = family.makeIterator()
    for i in rows.indices where rows[i].accuracy != nil { rows[i].accuracy = corrected.next() }
    for i in rows.indices where rows[i].error != nil { rows[i].error = corrected.next() }
    self.part = part
    self.rows = rows
  }

  /// A gain of an arm of UAEs by a figure, if its interval against every control excludes 0 on the good side.
  private func hasGain(
    _ row: Table6Row, isMore: Bool, _ figure: (Table6Cell.Outcome) -> Double?
  ) throws -> Bool {
    let controls = rows.filter(\.arm.isControl)
    guard !controls.isEmpty else { return false }
    return try controls.allSatisfy { control in
      guard let interval = try row.compared(with: control, figure)?.interval else { return false }
      return isMore ? interval.lower > 0 : interval.upper < 0
    }
  }

  /// The page's first sentence.
  static func verdict(_ groups: [Table6Group]) -> String {
    var gains: [String] = []
    for group in groups {
      for row in group.rows where row.arm.isUAE {
        let name = "\(row.arm.rawValue) on \(group.part.dataset)"
        if (try? group.hasGain(row, isMore: true, Table6Row.accuracy)) == true {
          gains.append("\(name) by accuracy")
        }
        if (try? group.hasGain(row, isMore: false, Table6Row.error)) == true {
          gains.append("\(name) by the decoder's error")
        }
      }
    }
    guard !gains.isEmpty else {
      return
        "No UAEs are better than every control (original, repeated, equal updates, tuned noise, noise of the data's covariance) on any of these sets, neither by accuracy nor by reconstruction."
    }
    return
      "Better than every control, their paired intervals excluding 0, are: \(gains.joined(separator: "; "))."
  }

  /// Where column subset selection stands among all.
  var standing: String {
    guard let css = rows.first(where: { $0.arm == .columnSubset }),
      let accuracy = css.mean(Table6Row.accuracy)
    else { return "\(part.dataset): column subset selection was not run" }
    let others = rows.filter { $0.arm != .columnSubset }
    let best = others.compactMap { row in row.mean(Table6Row.accuracy).map { (row.arm.rawValue, $0) } }
      .max { $0.1 < $1.1 }
    let text = accuracy.text(.percent(2))
    guard let best else { return "\(part.dataset): column subset selection has \(text)" }
    return
      "\(part.dataset): column subset selection has \(text), the best of the trained arms \(best.1.text(.percent(2))) (\(best.0))"
  }

  func values(_ plan: Table6Plan, _ found: FinishedCells<Table6Cell>) throws -> [String: Document.Value] {
    let first = rows[0].cells[0].outcome
    let tuned = try plan.arms.filter(\.isTuned).map { arm -> [String: Document.Value] in
      let best = try Table6.tuned(part, arm, plan, found)
      return [
        "arm": .text(arm.rawValue), "scale": .text((best.scale ?? 0).text(.general(3))),
        "target": .text(best.aimsAtClean == true ? "the clean sample" : "the noisy sample itself"),
      ]
    }
    let picture = try grid(first.sampleShape)
    return [
      "dataset": .text(part.dataset), "features": .text("\(part.features)"), "total": .text("\(first.total)"),
      "trainSamples": .text("\(first.trainSamples)"), "testSamples": .text("\(first.testSamples)"),
      "seeds": .text("\(rows.map(\.cells.count).max() ?? 0)"),
      "notes": .list(first.notes.map { ["note": .text($0)] }), "tuned": .list(tuned),
      "published": .optional(PublishedTable6.text(part.dataset)),
      "judged": .table(try Records(Table6Row.judged, rows).table),
      "chosen": .table(try Records(Table6Row.chosen, rows).table),
      "picture": picture.map {
        .grid("\(part.dataset)-features", $0, shows: "\(part.dataset): chosen pixels, a column a seed")
      } ?? .flag(false),
    ]
  }

  /// The chosen pixels of each arm for the first seeds; nil where samples are no grey images.
  private func grid(_ shape: [Int]) throws -> ImageGrid? {
    guard shape.count == 3, shape[0] == 1 else { return nil }
    return try ImageGrid(
      shape: shape,
      rows: rows.map { row in
        ImageGrid.Row(
          row.arm.rawValue,
          row.cells.prefix(6).map { cell in
            var image = [Float](repeating: 0.12, count: shape.reduce(1, *))
            for feature in cell.outcome.features { image[feature] = 1 }
            return image
          })
      })
  }
}

/// The paper's own Table 6: errors and accuracies of a single run of the original and of MINE-UAE.
enum PublishedTable6 {
  private static let figures: [String: (errors: [String], accuracies: [String])] = [
    "mnist": (["0.01170", "0.01142"], ["94.97", "95.41"]),
    "fashion-mnist": (["0.01307", "0.01254"], ["84.92", "85.24"]),
    "isolet": (["0.01200", "0.01159"], ["81.98", "82.93"]),
    "coil20": (["0.00693", "0.01374"], ["98.96", "96.88"]),
    "mice-protein": (["0.00651", "0.00611"], ["89.81", "91.2"]),
    "activity": (["0.00337", "0.00300"], ["83.38", "84.45"]),
  ]

  static func text(_ dataset: String) -> String? {
    figures[dataset].map {
      "error \($0.errors[0]) → \($0.errors[1]), accuracy \($0.accuracies[0]) → \($0.accuracies[1]) % from the original to MINE-UAE"
    }
  }
}
