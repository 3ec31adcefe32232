import Evaluation
import Reports

/// The study's figures.
enum RecipesPlots {
  /// Every arm's change against the same data with its interval.
  static func changes(_ row: RecipesRow) -> Plot {
    let bars = row.arms.compactMap { RecipesColumns.toSame.bar($0.arm.name, $0) }
    return Plot(
      "\(row.group.label): test error against the same data", x: PlotAxis(""), y: PlotAxis("change, %"),
      width: 860, height: 460, marks: [.bars(bars)])
  }

  /// What the seconds of an arm buy.
  static func time(_ row: RecipesRow) -> Plot {
    let marks = row.arms.compactMap { arm -> Plot.Mark? in
      guard arm.arm.name == RecipesPlan.same || arm.toSame != nil else { return nil }
      let change = 100 * (arm.toSame?.relativeChange ?? 0)
      return .scatter(name: arm.arm.name, [Plot.Point(row.cost(arm), change)])
    }
    return Plot(
      "\(row.group.label): change of the test error over all seconds",
      x: PlotAxis("seconds", scale: .logarithmic),
      y: PlotAxis("against the same data, %"), width: 860, marks: marks)
  }

  /// The validation error over σ.
  static func noise(_ choice: RecipesChoice, _ plan: RecipesPlan) -> Plot {
    let lines = plan.groups.map { group in
      Plot.Mark.line(
        name: group.label,
        choice.candidates.filter { $0.family == RecipesPlan.noise }.compactMap { candidate in
          guard let sigma = candidate.arm.sigma, let change = candidate.change[group.label] else {
            return nil
          }
          return Plot.Point(sigma, 100 * change)
        })
    }
    return Plot(
      "Gaussian noise: validation error against the same data", x: PlotAxis("σ"), y: PlotAxis("change, %"),
      marks: lines)
  }

  /// The validation error of the same data as the training goes.
  static func course(_ rows: [RecipesRow]) -> Plot {
    let lines = rows.compactMap { row -> Plot.Mark? in
      guard let same = row[RecipesPlan.same]?.arm, let first = same.cells.first else { return nil }
      return .line(
        name: row.group.label,
        first.outcome.course.indices.map { index in
          Plot.Point(
            Double(first.outcome.course[index].updates),
            mean(same.cells.map { $0.outcome.course[index].validation }))
        })
    }
    return Plot(
      "Same data: validation error as the training goes", x: PlotAxis("updates"),
      y: PlotAxis("mean squared error", scale: .logarithmic), marks: lines)
  }
}
