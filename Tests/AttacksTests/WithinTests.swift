import Attacks
import Testing
import Torch

/// Bounds besides the criterion: what succeeds keeps them, by every measure that can be one.
@Suite struct WithinTests {
  private func recipe(_ solver: Choice, _ within: [String: Double]) -> Recipe {
    var recipe = Recipe(
      "bounded", criterion: Choice("misclassification"), similarity: Choice("l2"), start: Choice("zero"),
      solver: solver)
    recipe.within = within.isEmpty ? nil : within
    return recipe
  }

  private func attacked(_ recipe: Recipe) throws -> AttackResult {
    try recipe.makeAttack(on: TrustTests.Network(), samples: TrustTests.samples, seed: 1)
      .run(TrustTests.samples, range: 0..<32, threads: 1)
  }

  @Test(arguments: ["pgd", "minmax", "apgd"])
  func whatSucceedsKeepsTheBound(_ solver: String) throws {
    let choice = Choice(solver, ["epsilon": .real(0.8), "alpha": .real(0.05), "iterations": .integer(60)])
      .only(solver == "apgd" ? ["epsilon"] : ["epsilon", "alpha", "iterations"])
    let free = try attacked(recipe(choice, [:]))
    let x = TrustTests.samples
    for (name, value, keeps) in [
      ("l2", 0.9, { (d: ExampleDistances, row: Int) in Double(d.l2[row]) <= 0.9 + 1e-5 }),
      ("linf", 0.4, { d, row in Double(d.linf[row]) <= 0.4 + 1e-5 }),
      ("exact", 0.8, { d, row in Double(d.information[row]) >= 0.8 - 1e-4 }),
    ] as [(String, Double, (ExampleDistances, Int) -> Bool)] {
      let found = try attacked(recipe(choice, [name: value]))
      let distances = ExampleDistances(x, found.perturbed)
      let won = found.status.indices.filter { found.status[$0] == .succeeded }
      #expect(won.allSatisfy { keeps(distances, $0) }, "\(solver), \(name)")
      #expect(found.criterion.enumerated().allSatisfy { !won.contains($0) || $1 <= 0 })
      // Without the bound some examples break it, so that it is what made the difference.
      let before = ExampleDistances(x, free.perturbed)
      let broken = free.status.indices.count { free.status[$0] == .succeeded && !keeps(before, $0) }
      #expect(solver == "minmax" || broken > 0, "\(solver), \(name)")
    }
  }

  /// A bound that everything keeps changes nothing.
  @Test func aBoundThatIsNeverReachedChangesNothing() throws {
    let choice = Choice("minmax", ["alpha": .real(0.05), "iterations": .integer(30)])
    let free = try attacked(recipe(choice, [:])), bounded = try attacked(recipe(choice, ["l2": 100]))
    #expect(free.status == bounded.status)
    #expect((free.perturbed - bounded.perturbed).abs().reshaped([-1]).max(0).item < 1e-5)
  }

  @Test func itIsWrittenInARecipeAndReadAgain() throws {
    let own = try recipe(Choice("minmax"), ["l2": 2, "exact": 0.5]).completed()
    #expect(try Recipe.parse(own.yaml, source: "recipe.yaml") == own)
    #expect(try !recipe(Choice("minmax"), [:]).yaml.contains("l2: 2"))
  }

  @Test func boundsThatAreNoneAreRefusedInALine() throws {
    for (solver, name, value, problem) in [
      ("minmax", "mine", 1, "'mine' is no bound"), ("minmax", "l2", -1, "the largest distance must be"),
      ("fab", "l2", 1, "looks at classes alone"), ("minmax", "l3", 1, "unknown similarity 'l3'"),
    ] as [(String, String, Double, String)] {
      let error = #expect(throws: RecipeError.self) {
        try recipe(Choice(solver), [name: value]).completed()
      }
      #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    }
  }
}

extension Choice {
  /// With some of the settings alone.
  fileprivate func only(_ names: [String]) -> Choice {
    given.filter { !names.contains($0) }.reduce(into: self) { $0[$1] = nil }
  }
}
