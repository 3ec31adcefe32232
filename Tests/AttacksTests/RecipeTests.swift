import Attacks
import Testing

@Suite struct RecipeTests {
  @Test func everyNamedRecipeIsValidAndComesBackFromItsFile() throws {
    for recipe in Recipe.named {
      #expect(try Recipe.parse(recipe.yaml, source: "test") == recipe.completed())
      #expect(try Recipe.find(recipe.name) == recipe)
    }
    #expect(Set(Recipe.named.map(\.name)).count == Recipe.named.count)
  }

  @Test func thePaperRecipeIsAlgorithmOneToTheLetter() throws {
    let paper = try Recipe.paper.completed()
    #expect(paper.solver.name == "minmax" && paper.start.name == "zero")
    #expect(paper.solver.real("alpha") == 0.01 && paper.solver.real("beta") == 0.1)
    #expect(paper.solver.integer("iterations") == 40 && paper.solver.real("epsilon") == 1)
    #expect(paper.similarity.name == "mine" && paper.similarity.integer("mineSteps") == 20)
  }

  @Test func aWholeRunMakesExamplesAnewWhileItTrains() {
    #expect(Recipe.named.contains(.augmentation))
    #expect(Recipe.augmentation.retraining.onlineEvery == 1)
    var once = Recipe.augmentation
    once.name = Recipe.farNoise.name
    once.retraining = Recipe.farNoise.retraining
    #expect(once == .farNoise)
  }

  @Test func aFileChangesWhatItNames() throws {
    let recipe = try Recipe.parse(
      "start: {sigma: 0.25}\nsimilarity: {name: mine, mineSteps: 3}\nname: mine", source: "test")
    #expect(recipe.start.name == "noise" && recipe.start.real("sigma") == 0.25)
    #expect(recipe.similarity.integer("mineSteps") == 3)
    let usual = try Recipe.paper.completed().similarity
    #expect(recipe.similarity["mineHidden"] == usual["mineHidden"])
    #expect(recipe.retraining == Recipe.Retraining())
  }

  /// `5e-2` and `1e-07` are strings to YAML 1.1.
  @Test func numbersAreWrittenAsEveryParserReadsThem() throws {
    var recipe = Recipe.usual
    recipe.start = Choice("noise", ["sigma": .real(0.05)])
    recipe.criterion["kappa"] = .real(1e-7)
    let text = try recipe.yaml
    #expect(text.contains("sigma: 0.05\n") && text.contains("kappa: 1.0e-07\n"))
    #expect(text.firstMatch(of: /: -?[0-9]+e/) == nil)
    #expect(try Recipe.parse(text, source: "recipe.yaml") == recipe.completed())
  }

  /// A run's own file can be given back: the recipe in it is read, and what else decided the run is passed over.
  @Test func whatARunWritesCanBeRunAgain() throws {
    let text = try Recipe.visible.yaml(run: ["seed": "7", "model": "m.pt"])
    #expect(text.contains("run:"))
    #expect(try Recipe.parse(text, source: "recipe.yaml") == Recipe.visible.completed())
  }

  @Test(arguments: [
    ("start: {sigmma: 1}", "sigmma"), ("start: {sigma: -1}", "sigma is -1"), ("start: {lambda: 0.5}", "mix"),
    ("solver: {iterations: many}", "iterations"), ("solver: 3", "'3'"), ("- 1", "mapping"),
    ("solver: magic", "unknown solver 'magic'"), ("a: [", "not YAML"), ("criterion: {kappa: .nan}", "kappa"),
    ("solver: minmax\nstart: {name: noise, beta: 1}", "beta"), ("solver: pgd", "would be ignored"),
    ("copies: 0", "copies is 0"), ("retraining: {every: 1}", "retraining.every"),
  ])
  func aWrongFileIsRefusedInOneLine(_ text: String, _ part: String) {
    let error = #expect(throws: RecipeError.self) { try Recipe.parse(text, source: "r.yaml") }
    let message = error?.description ?? ""
    #expect(message.contains(part) && message.hasPrefix("r.yaml: "), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func anUnknownNameNamesTheKnownOnes() {
    let error = #expect(throws: RecipeError.self) { try Recipe.find("far-nois") }
    #expect(error?.description.contains("unknown recipe 'far-nois'; did you mean 'far-noise'?") == true)
    #expect(throws: RecipeError.self) { try Recipe.find("/no/such/file.yaml") }
  }
}
