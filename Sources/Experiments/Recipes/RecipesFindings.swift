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

  var values: Values {
    [
      "lead": .group(lead), "noise": .group(against(\.toNoise)), "same": .group(against(\.toSame)),
      "winner": winner.map { .group($0) } ?? .flag(false), "shares": .list(shares, as: "parts"),
      "contrasts": .list(contrasts, as: "parts"), "equalTime": .list(equalTime, as: "parts"),
      "convergence": .list(convergence, as: "parts"),
    ]
  }

  private typealias Path = KeyPath<RecipesRow.Line, PairedComparison?>

  /// Where adversarial examples beat the best-tuned noise at all: what the page says first.
  private var lead: Values {
    let names = plan.families.filter { $0.isRecipe == true }.map(\.name)
    let groups = rows.compactMap { row -> Values? in
      let better = names.filter { row[$0]?.toNoise?.verdict() == .lower }
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

  /// How the recipes fare against a control, group by group: the best by the test error is not singled out; each recipe
  /// has its own count.
  private func against(_ path: Path) -> Values {
    let names = plan.families.filter { $0.isRecipe == true }.map(\.name)
    let recipes = names.compactMap { name -> Values? in
      let compared = rows.compactMap { row in row[name]?[keyPath: path].map { (row, $0) } }
      guard !compared.isEmpty else { return nil }
      func groups(_ verdict: PairedComparison.Verdict) -> String? {
        let labels = compared.filter { $0.1.verdict() == verdict }.map {
          "\($0.group.label) \($1.changeText)"
        }
        return labels.isEmpty ? nil : labels.joined(separator: ", ")
      }
      let phrases: [Values] = [
        ("lower", groups(.lower)), ("higher", groups(.higher)), ("undecided", groups(.undecided)),
      ].compactMap { verdict, groups in
        groups.map { ["verdict": .text(verdict), "groups": .text($0)] }
      }
      return ["name": .text(name), "phrases": .list(phrases)]
    }
    let lower = names.filter { name in
      rows.contains { row in row[name]?[keyPath: path]?.verdict() == .lower }
    }
    return [
      "lower": .optional(lower.isEmpty ? nil : Self.list(lower)), "isOne": .flag(lower.count == 1),
      "recipes": .list(recipes),
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

  /// How much of what a recipe adds to the data are adversarial examples at all.
  private var shares: [Values] {
    let shown = [RecipesChoice.winnerName] + plan.families.filter { $0.isRecipe == true }.map(\.name)
    return rows.flatMap { row in
      shown.compactMap { name -> Values? in
        guard let line = row[name], let rate = line.arm.summary({ $0.examples?.successRate })?.mean else {
          return nil
        }
        let failures = line.arm.arm.failures ?? .replace
        return [
          "arm": .text(name), "group": .text(row.group.label), "rate": .text(rate.text(.percent(1))),
          "drops": .flag(failures == .drop), "starts": .flag(failures == .start),
          "replaces": .flag(failures == .replace), "change": .text(line.toSame?.changeText ?? "–"),
        ]
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
  private var contrasts: [Values] {
    plan.contrasts.compactMap { contrast in
      let groups = rows.compactMap { row -> Values? in
        guard let arm = row[contrast.arm]?.arm, let control = row[contrast.control]?.arm,
          let comparison = arm.comparison(with: control, .testError)
        else { return nil }
        return [
          "group": .text(row.group.label), "change": .text(comparison.changeText),
          "p": .text(comparison.pText() ?? "–"),
        ]
      }
      return groups.isEmpty
        ? nil : ["arm": .text(contrast.arm), "control": .text(contrast.control), "groups": .list(groups)]
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
