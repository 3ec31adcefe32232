import Foundation
import Yams

extension Recipe {
  /// Algorithm 1 to the letter: δ₀ = 0, α = 0.01, β = 0.1, T = 40, MINE with 20 steps an iteration.
  public static let paper: Recipe = {
    var recipe = Recipe(name: "paper")
    recipe.attack.method = .minmax
    recipe.attack.similarity = .mine
    recipe.attack.start = .zero
    recipe.attack.alpha = 0.01
    return recipe
  }()

  /// Algorithm 1 with two choices of the authors' published code: δ starts at Glorot-uniform noise, and the criterion
  /// compares squared norms.
  public static let paperCode: Recipe = {
    var recipe = paper
    recipe.name = "paper-code"
    recipe.attack.start = .glorot
    recipe.attack.criterionNorm = .squaredL2
    return recipe
  }()

  /// Algorithm 1 with thirty times the step; docs/visible.md measures how far that goes.
  public static let visible: Recipe = {
    var recipe = paper
    recipe.name = "visible"
    recipe.attack.alpha = 0.3
    return recipe
  }()

  /// Switching steps from Gaussian noise, away from the original by exact information.
  public static let farNoise = Recipe(name: "far-noise")

  /// Switching steps from a mixture with another sample.
  public static let farMix: Recipe = {
    var recipe = Recipe(name: "far-mix")
    recipe.attack.start = .mix
    return recipe
  }()

  /// As `far-noise`, but the model is retrained on UAEs made anew against itself in every epoch, by a few steps; where
  /// these find none, the noise they began with stays. docs/recipes.md has the evidence.
  public static let online: Recipe = {
    var recipe = farNoise
    recipe.name = "online"
    recipe.retraining.onlineEvery = 1
    recipe.retraining.failures = .start
    return recipe
  }()

  /// What a whole run uses where nothing is asked for: the recipe that wins on validation data (docs/recipes.md).
  public static let augmentation = online

  /// The recipes that go by name; the first is what attacks use where nothing is asked for.
  public static let named: [Recipe] = [farNoise, paper, paperCode, visible, farMix, online]

  /// A recipe by name, or from a YAML file with any of the settings (the others take the default recipe's values).
  /// - Throws: ``RecipeError`` for an unknown name, a file that is no recipe, or a setting out of range.
  public static func find(_ nameOrPath: String) throws -> Recipe {
    if let known = named.first(where: { $0.name == nameOrPath }) { return known }
    guard nameOrPath.hasSuffix(".yaml") || nameOrPath.hasSuffix(".yml") || nameOrPath.contains("/") else {
      let names = named.map(\.name).joined(separator: ", ")
      throw RecipeError("'\(nameOrPath)' is no recipe; there are \(names), or give a .yaml file")
    }
    guard let text = try? String(contentsOfFile: nameOrPath, encoding: .utf8) else {
      throw RecipeError("\(nameOrPath): the recipe cannot be read")
    }
    return try parse(text, source: nameOrPath)
  }

  /// Reads YAML over the defaults and refuses settings that do not exist.
  public static func parse(_ text: String, source: String) throws -> Recipe {
    do {
      let defaults = try Yams.load(yaml: try Recipe.farNoise.yaml) as? [String: Any] ?? [:]
      guard let given = try Yams.load(yaml: text) as? [String: Any] else {
        throw RecipeError("\(source): a recipe is a mapping of settings")
      }
      let merged = try merge(defaults, given, path: "", source: source)
      let recipe = try YAMLDecoder().decode(Recipe.self, from: try Yams.dump(object: merged))
      try recipe.validate()
      return recipe
    } catch let error as RecipeError {
      throw error
    } catch let error as YamlError {
      throw RecipeError(
        "\(source): not YAML: \(String(describing: error).split(separator: "\n").joined(separator: " "))")
    } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context) {
      let key = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw RecipeError("\(source): \(key) has a value of the wrong kind")
    }
  }

  private static func merge(
    _ defaults: [String: Any], _ given: [String: Any], path: String, source: String
  ) throws -> [String: Any] {
    var result = defaults
    for (key, value) in given {
      guard let known = defaults[key] else {
        throw RecipeError("\(source): there is no setting '\(path)\(key)'")
      }
      if let inner = known as? [String: Any] {
        guard let outer = value as? [String: Any] else {
          throw RecipeError("\(source): '\(path)\(key)' is a group of settings")
        }
        result[key] = try merge(inner, outer, path: "\(path)\(key).", source: source)
      } else {
        result[key] = value
      }
    }
    return result
  }

  /// The recipe as YAML, complete with defaults, keys sorted.
  public var yaml: String {
    get throws {
      let encoder = YAMLEncoder()
      encoder.options.sortKeys = true
      return try encoder.encode(self)
    }
  }
}
