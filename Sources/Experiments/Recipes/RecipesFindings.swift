import Attacks
import Evaluation
import Formats
import Reports

/// What the figures say: the values of the template's sentences.
struct RecipesFindings {
  let rows: [RecipesRow]
  let choice: RecipesChoice
  let plan: RecipesPlan
  let found: FinishedCells<Experiment>

  typealias Values = [String: Document.Value]

  /// - Throws: ``ReportError``, as ``Table``.
  func values() throws(ReportError) -> Values {
    [
      "lead": .group(lead), "noise": .group(try against(\.toNoise)), "same": .group(try against(\.toSame)),
      "winner": winner.map { .group($0) } ?? .flag(false), "shares": .table(try shares),
      "contrasts": .table(try contrasts), "equalTime": .list(equalTime, as: "parts"),
      "convergence": .list(convergence, as: "parts"),
    ]
  }

  private typealias Path = KeyPath<RecipesRow.Line, PairedComparison?>

  /// Where adversarial examples beat the best-tuned noise at all: what the page says first.
  private var lead: Values {
    let groups = rows.compactMap { row -> Values? in
      let better = recipes.filter { row[$0]?.toNoise?.verdict() == .lower }
      guard !better.isEmpty else { return nil }
      let parts = better.map { name -> String in
        let change = "*\(name)* \(row[name]?.toNoise?.changeText ?? "–")"
        return searchGain(name, in: row).map { "\(change), against its own starts \($0)" } ?? change
      }
      return ["group": .text(row.group.label), "recipes": .text(parts.joined(separator: ", "))]
    }
    return [
      "groups": .list(groups, as: "parts"), "count": .text("\(groups.count)"),
      "total": .text("\(rows.count)"),
    ]
  }

  /// What the search adds to where it starts, by the first contrast that the plan has for a recipe.
  private func searchGain(_ name: String, in row: RecipesRow) -> String? {
    guard let contrast = plan.contrasts.first(where: { $0.arm == name }), let arm = row[name]?.arm,
      let control = row[contrast.control]?.arm, let found = arm.comparison(with: control, .testError)
    else { return nil }
    return "\(found.changeText) (p = \(found.pText() ?? "–"))"
  }

  private var recipes: [String] { plan.families.filter { $0.isRecipe == true }.map(\.name) }

  /// A line for each group.
  private func table(
    _ names: [String], _ text: @escaping @Sendable (RecipesRow, String) -> String?
  ) throws(ReportError) -> Table {
    let columns =
      [Column<RecipesRow>("group") { $0.group.label }]
      + names.map { name in Column(name) { text($0, name) } }
    return try Records(columns, rows).table
  }

  /// How the recipes fare against a control, group by group: the best by the test error is not singled out; each recipe
  /// has its own count.
  private func against(_ path: Path & Sendable) throws(ReportError) -> Values {
    let names = recipes
    let lower = names.filter { name in
      rows.contains { row in row[name]?[keyPath: path]?.verdict() == .lower }
    }
    return [
      "lower": .optional(lower.isEmpty ? nil : Self.list(lower)), "isOne": .flag(lower.count == 1),
      "table": .table(
        try table(names) { row, name in
          row[name]?[keyPath: path].map { comparison in
            switch comparison.verdict() {
            case .lower: "**\(comparison.changeText)**"
            case .higher: "\(comparison.changeText), higher"
            case .undecided: "\(comparison.changeText), undecided"
            }
          }
        }),
    ]
  }

  /// Whether one setting, chosen on validation data, is better than the same data on several models and sets.
  private var winner: Values? {
    guard let winner = choice.winner else { return nil }
    let compared = rows.compactMap { row in row[RecipesChoice.winnerName]?.toSame.map { (row, $0) } }
    let lower = compared.filter { $0.1.verdict() == .lower }.map(\.0)
    let models = Set(lower.map(\.group.model)), sets = Set(lower.map(\.group.dataset))
    let seeds = compared.map { $0.1.difference.values.count }.min() ?? 0
    let holds: Document.Value =
      models.count >= 2 && sets.count >= 2 && seeds >= 6
      ? .group([
        "models": .text("\(models.count)"), "modelNames": .text(Self.list(models.sorted())),
        "sets": .text("\(sets.count)"), "setNames": .text(Self.list(sets.sorted())),
      ]) : .flag(false)
    return [
      "family": .text(winner.family), "setting": .text(winner.arm.description),
      "validation": .text(winner.mean.text(.change(1))),
      "changes": .list(
        compared.map { row, comparison in
          [
            "group": .text(row.group.label),
            "change": .text(Column<PairedComparison>("", .change(1)) { $0 }.text(comparison)),
            "p": .text(comparison.pText(\.adjustedPValue) ?? "–"),
          ]
        }), "seeds": .text("\(seeds)"), "holds": holds, "isDefault": .flag(isDefault(winner.arm)),
    ]
  }

  /// How much of what a recipe adds to the data are adversarial examples at all, and what stands for the others.
  private var shares: Table {
    get throws(ReportError) {
      try table([RecipesChoice.winnerName] + recipes) { row, name in
        guard let line = row[name], let rate = line.arm.summary({ $0.examples?.successRate })?.mean else {
          return nil
        }
        let others =
          switch line.arm.arm.failures ?? .replace {
          case .drop: "alone"
          case .start: "starts"
          case .replace: "originals"
          }
        return "\(rate.text(.percent(1))), \(others)"
      }
    }
  }

  /// Whether a setting is what a whole run does where nothing is asked for.
  private func isDefault(_ arm: Arm) -> Bool {
    let recipe = Recipe.augmentation
    guard arm.source == .online, recipe.retraining.onlineEvery == arm.every ?? 1,
      recipe.retraining.failures == arm.failures ?? .replace, var attack = try? arm.attack.completed(),
      let usual = try? recipe.completed(),
      attack.solver.integer("iterations") == recipe.retraining.onlineIterations
    else { return false }
    attack.solver["iterations"] = usual.solver["iterations"]
    return attack.criterion == usual.criterion && attack.similarity == usual.similarity
      && attack.start == usual.start && attack.solver == usual.solver && attack.copies == usual.copies
  }

  /// Whether the steps add anything to where they start, and direction anything to length.
  private var contrasts: Table {
    get throws(ReportError) {
      let titles = plan.contrasts.map { (title: "*\($0.arm)* against *\($0.control)*", contrast: $0) }
      return try table(titles.map(\.title)) { row, title in
        guard let contrast = titles.first(where: { $0.title == title })?.contrast,
          let arm = row[contrast.arm]?.arm, let control = row[contrast.control]?.arm,
          let comparison = arm.comparison(with: control, .testError)
        else { return nil }
        return "\(comparison.changeText) (p = \(comparison.pText() ?? "–"))"
      }
    }
  }

  /// What the time that examples take buys otherwise.
  private var equalTime: [Values] {
    rows.compactMap { row in
      guard let recipe = row[RecipesChoice.winnerName], let same = row[RecipesPlan.same],
        let control = plan.equalTime, let longer = row[control], let change = longer.toSame,
        let own = recipe.toSame, change.relativeChange != nil, own.relativeChange != nil
      else { return nil }
      return [
        "group": .text(row.group.label),
        "times": .text((row.cost(recipe) / row.cost(same)).text(.decimals(1))),
        "own": .text(own.changeText), "control": .text(control), "change": .text(change.changeText),
      ]
    }
  }

  /// Whether the plain training has converged.
  private var convergence: [Values] {
    guard plan.convergence.contains(2), plan.convergence.contains(1) else { return [] }
    return plan.groups.compactMap { group in
      func error(_ factor: Double) -> Double? {
        plan.sameData(group, factor, found).summary { $0.trained.validation }?.mean
      }
      guard let once = error(1), let twice = error(2) else { return nil }
      return ["group": .text(group.label), "change": .text((twice / once - 1).text(.change(1)))]
    }
  }

  private static func list(_ names: [String]) -> String {
    names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}
