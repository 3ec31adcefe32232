import Attacks
import Augmentation
import Testing

@Suite struct RecipeTests {
  @Test func everyNamedRecipeIsValidAndComesBackFromItsFile() throws {
    for recipe in Recipe.named {
      try recipe.validate()
      #expect(try Recipe.parse(recipe.yaml, source: "test") == recipe)
      #expect(try Recipe.find(recipe.name) == recipe)
    }
    #expect(Set(Recipe.named.map(\.name)).count == Recipe.named.count)
  }

  @Test func thePaperRecipeIsAlgorithmOneToTheLetter() {
    #expect(
      Recipe.paper.attack.solver as? MinMax == MinMax(alpha: 0.01, beta: 0.1, iterations: 40, epsilon: 1))
    #expect(Recipe.paper.attack.similarity == .mine)
    #expect(Recipe.paper.attack.mine.steps == 20)
  }

  @Test func aWholeRunMakesExamplesAnewWhileItTrains() {
    #expect(Recipe.named.contains(.augmentation))
    #expect(Recipe.augmentation.retraining.onlineEvery == 1)
    #expect(Recipe.augmentation.attack == Recipe.farNoise.attack)
  }

  @Test func aFileChangesWhatItNames() throws {
    let recipe = try Recipe.parse("attack: {sigma: 0.25, mine: {steps: 3}}\nname: mine", source: "test")
    #expect(recipe.attack.sigma == 0.25)
    #expect(recipe.attack.mine.steps == 3)
    #expect(recipe.attack.mine.hidden == MINESettings().hidden)
    #expect(recipe.retraining == RetrainingSettings())
  }

  @Test(arguments: [
    ("attack: {sigmma: 1}", "attack.sigmma"), ("attack: {sigma: -1}", "sigma is -1.0"),
    ("attack: {iterations: many}", "iterations"), ("attack: 3", "attack"), ("- 1", "mapping"),
    ("attack: {method: magic}", "method"), ("a: [", "not YAML"), ("attack: {kappa: .nan}", "kappa"),
  ])
  func aWrongFileIsRefusedInOneLine(_ text: String, _ part: String) {
    let error = #expect(throws: RecipeError.self) { try Recipe.parse(text, source: "r.yaml") }
    let message = error?.description ?? ""
    #expect(message.contains(part), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func anUnknownNameNamesTheKnownOnes() {
    let error = #expect(throws: RecipeError.self) { try Recipe.find("far-nois") }
    #expect(error?.description.contains("far-noise") == true)
    #expect(throws: RecipeError.self) { try Recipe.find("/no/such/file.yaml") }
  }
}
