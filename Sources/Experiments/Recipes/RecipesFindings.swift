import Attacks
import Evaluation
import Foundation

/// What the figures say, in sentences that are made from them.
enum RecipesFindings {
  static func sentences(_ rows: [RecipesRow], _ choice: RecipesChoice, _ plan: RecipesPlan) -> [String] {
    [
      against(
        RecipesPlan.noise, \.toNoise, rows, plan,
        "Against Gaussian noise with σ tuned on the same validation data"),
      against(
        RecipesPlan.same, \.toSame, rows, plan,
        "Against the same data at equal updates, the control for repetition and for longer training"),
    ]
      + [winner(rows, choice), shares(rows, plan), starts(rows, plan), equalTime(rows, plan)].compactMap {
        $0
      }
  }

  private typealias Path = KeyPath<RecipesRow.Line, PairedComparison?>

  /// How the recipes fare against a control, group by group: the best by the test error is not singled out; each recipe
  /// has its own count.
  private static func against(
    _ control: String, _ path: Path, _ rows: [RecipesRow], _ plan: RecipesPlan, _ opening: String
  ) -> String {
    let names = plan.families.filter { $0.isRecipe == true }.map(\.name)
    let parts = names.compactMap { name -> String? in
      let compared = rows.compactMap { row in
        row[name].flatMap { arm in arm[keyPath: path].map { (row, $0) } }
      }
      guard !compared.isEmpty else { return nil }
      func labels(_ verdict: PairedComparison.Verdict) -> [String] {
        compared.filter { $0.1.verdict() == verdict }.map { row, comparison in
          "\(row.group.label) \(ComparisonText.percent(comparison.relativeChange ?? .nan))"
        }
      }
      let phrases = [
        ("lower on", labels(.lower)), ("higher on", labels(.higher)), ("undecided on", labels(.undecided)),
      ].filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
      return "*\(name)*: \(phrases.joined(separator: "; "))"
    }
    let lower = names.filter { name in
      rows.contains { row in row[name]?[keyPath: path]?.verdict() == .lower }
    }
    let verdict =
      lower.isEmpty
      ? "**no recipe with adversarial examples has a lower test error anywhere** (p < 0.05, Holm)"
      : "**\(list(lower)) \(lower.count == 1 ? "has" : "have") a lower test error somewhere** (p < 0.05, Holm)"
    return "\(opening), \(verdict). \(parts.joined(separator: ". "))."
  }

  /// Whether one setting, chosen on validation data, is better than the same data on several models and sets.
  private static func winner(_ rows: [RecipesRow], _ choice: RecipesChoice) -> String? {
    guard let winner = choice.winner else { return nil }
    let compared = rows.compactMap { row in
      row[RecipesChoice.winnerName].flatMap { arm in arm.toSame.map { (row, $0) } }
    }
    let lower = compared.filter { $0.1.verdict() == .lower }.map(\.0)
    let models = Set(lower.map(\.group.model)), sets = Set(lower.map(\.group.dataset))
    let seeds = compared.map { $0.1.difference.values.count }.min() ?? 0
    let holds = models.count >= 2 && sets.count >= 2 && seeds >= 6
    let changes = compared.map { row, comparison in
      "\(row.group.label) \(ComparisonText.change(comparison)) (p = \(RecipesTables.adjusted(comparison)))"
    }
    return
      "The recipe that wins on validation data over the groups of development is *\(winner.family)* "
      + "(\(winner.arm.description), \(ComparisonText.percent(winner.mean))). With this one setting the test error "
      + "against the same data changes on \(changes.joined(separator: ", ")); at least \(seeds) paired seeds. "
      + (holds
        ? "**It beats the equal-steps control on \(models.count) models (\(list(models.sorted()))) and \(sets.count) data sets (\(list(sets.sorted()))).**"
        : "**That is not enough for two models and two data sets.**")
      + (isDefault(winner.arm) ? " It is the default of `uae augment`." : "")
  }

  /// How much of what a recipe adds to the data are adversarial examples at all.
  private static func shares(_ rows: [RecipesRow], _ plan: RecipesPlan) -> String? {
    let shown = plan.families.filter { $0.isRecipe == true }.map(\.name)
    let parts = rows.flatMap { row in
      ([RecipesChoice.winnerName] + shown).compactMap { name -> String? in
        guard let arm = row[name], let rate = arm.summary({ $0.examples?.successRate })?.mean else {
          return nil
        }
        let rest =
          switch arm.arm.failures ?? .replace {
          case .drop: "learns from these alone"
          case .start: "the rest are its starts"
          case .replace: "the rest are originals"
          }
        return String(
          format: "*%@* on %@ %.1f %% (%@; change against the same data %@)", name, row.group.label,
          100 * rate, rest,
          arm.toSame?.relativeChange.map(ComparisonText.percent) ?? "–")
      }
    }
    return parts.isEmpty
      ? nil
      : "Share of attacks that succeed against the model they are made for (online: at the last making, when the model "
        + "fits its training samples best): \(parts.joined(separator: ", "))."
  }

  /// Whether a setting is what a whole run does where nothing is asked for.
  private static func isDefault(_ arm: Arm) -> Bool {
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
  private static func starts(_ rows: [RecipesRow], _ plan: RecipesPlan) -> String? {
    func compare(_ name: String, _ control: String) -> String? {
      let parts = rows.compactMap { row -> String? in
        guard let arm = row[name], let other = row[control] else { return nil }
        let base = Dictionary(other.cells.map { ($0.cell.seed, $0.outcome.trained.test ?? .nan) }) {
          first, _ in first
        }
        let pairs = arm.cells.compactMap { cell in
          base[cell.cell.seed].flatMap { value in cell.outcome.trained.test.map { ($0, value) } }
        }
        guard
          let comparison = try? PairedComparison(
            treatment: pairs.map(\.0), baseline: pairs.map(\.1), seed: 1)
        else { return nil }
        return
          "\(row.group.label) \(ComparisonText.percent(comparison.relativeChange ?? .nan)) (p = \(ComparisonText.pValue(comparison)))"
      }
      return parts.isEmpty ? nil : "*\(name)* against *\(control)*: \(parts.joined(separator: ", "))"
    }
    let parts = plan.contrasts.compactMap { compare($0.arm, $0.control) }
    return parts.isEmpty
      ? nil : "What the search adds to its start, uncorrected p: \(parts.joined(separator: ". "))."
  }

  /// What the time that examples take buys otherwise.
  private static func equalTime(_ rows: [RecipesRow], _ plan: RecipesPlan) -> String? {
    let parts = rows.compactMap { row -> String? in
      guard let recipe = row[RecipesChoice.winnerName], let same = row[RecipesPlan.same],
        let control = plan.equalTime, let longer = row[control],
        let change = longer.toSame?.relativeChange, let own = recipe.toSame?.relativeChange
      else { return nil }
      return String(
        format:
          "%@ %.1f times the seconds of the same data for %@, while *%@* has %@",
        row.group.label, row.cost(recipe) / row.cost(same), ComparisonText.percent(own), control,
        ComparisonText.percent(change))
    }
    return parts.isEmpty
      ? nil
      : "Charged with the making of its examples and of the model they are made against, the recipe takes: "
        + parts.joined(separator: "; ") + "."
  }

  private static func list(_ names: [String]) -> String {
    names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}
