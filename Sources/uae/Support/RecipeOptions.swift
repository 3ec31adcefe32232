import ArgumentParser
import Attacks

/// The recipe of the adversarial examples: a name or a file, and what is changed of it.
struct RecipeOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "A named recipe (\(Recipe.named.map(\.name).joined(separator: ", "))) or a .yaml file (default: \(Recipe.usual.name)); augment's own default, auto, looks for the best way of augmenting."
  )
  var recipe: String?

  @Option(name: .long, help: "When an example succeeds: \(Criteria.registry.list).")
  var criterion: String?

  @Option(name: .long, help: "How alike it is to its original: \(Similarities.registry.list).")
  var similarity: String?

  @Option(name: .long, help: "Where the search starts: \(Starts.registry.list).")
  var start: String?

  @Option(name: .long, help: "How it goes on: \(Solvers.registry.list).")
  var solver: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      What an example must keep to succeed, by \(Similarities.limits.joined(separator: ", ")): the largest distance, or the \
      least likeness; may be given several times.
      """, valueName: "name=value"))
  var within: [Limit] = []

  /// A bound by a similarity's name.
  struct Limit: ExpressibleByArgument {
    var name: String
    var value: Double

    init?(argument: String) {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let value = Double(parts[1]) else { return nil }
      (name, self.value) = (parts[0], value)
    }
  }

  @Option(name: .long, help: "Examples per sample.")
  var copies: Int?

  @Flag(
    name: .long,
    help:
      "With --criterion contrastive: as the published code has it, with a criterion that is a constant (a check says so; --force goes on), a Glorot start and 20 steps; --reference itself is the paper's wording."
  )
  var asPublished = false

  @OptionGroup var settings: SettingFlags

  func validate() throws {
    if recipe == Self.auto {
      if isChanged {
        throw ValidationError("--recipe auto tries recipes by itself; name one to change its settings")
      }
      return
    }
    // Mistakes in the words are mistakes of usage.
    do { _ = try load() } catch let error as RecipeError { throw ValidationError("\(error)") }
  }

  /// What stands for a search among recipes.
  static let auto = "auto"

  /// Whether something of a recipe is given besides its name.
  var isChanged: Bool {
    asPublished || criterion != nil || similarity != nil || start != nil || solver != nil || copies != nil
      || !within.isEmpty
      || !settings.given.isEmpty
  }

  /// - Parameter usual: what is taken where no recipe is given.
  /// - Throws: ``RecipeError``.
  func load(_ usual: Recipe = .usual) throws -> Recipe {
    var result = try recipe.map(Recipe.find) ?? usual
    if asPublished {
      guard criterion == "contrastive" else {
        throw RecipeError(
          "--as-published is about --criterion contrastive; --recipe paper-code is about reconstruction")
      }
      result = .contrastiveCode
    }
    // What belongs to another choice's name does not outlive it.
    if let criterion, !asPublished { result.criterion = Choice(criterion) }
    if let similarity { result.similarity = Choice(similarity) }
    if let solver {
      result.solver = Choice(solver)
      if start == nil, try !Solvers.registry.named(solver).takesStart { result.start = Choice("zero") }
    }
    if let start { result.start = Choice(start) }
    if let copies { result.copies = copies }
    for limit in within { result.within = (result.within ?? [:]).merging([limit.name: limit.value]) { $1 } }
    return try settings.applied(to: result).completed()
  }
}

extension Registry {
  /// The names, each with what it is.
  var list: String { entries.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ") }
}
