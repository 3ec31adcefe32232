import Foundation
import Formats
import Yams

extension Recipe {
  /// A recipe by name, or from a YAML file with any of the settings (what it leaves out is as in the usual recipe).
  /// - Throws: ``RecipeError`` for an unknown name, a file that holds something else, or a setting out of range.
  public static func find(_ nameOrPath: String) throws -> Recipe {
    if let known = named.first(where: { $0.name == nameOrPath }) { return known }
    guard nameOrPath.hasSuffix(".yaml") || nameOrPath.hasSuffix(".yml") || nameOrPath.contains("/") else {
      let names = named.map(\.name)
      let hint = nearestName(to: nameOrPath, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw RecipeError(
        "unknown recipe '\(nameOrPath)'; \(hint)known: \(names.joined(separator: ", ")), or give a .yaml file"
      )
    }
    guard let text = try? String(contentsOfFile: nameOrPath, encoding: .utf8) else {
      throw RecipeError("\(nameOrPath): the recipe cannot be read")
    }
    return try parse(text, source: nameOrPath)
  }

  /// The key under which a run's own `recipe.yaml` says what else decided its results; a recipe takes no notice of it.
  static let runKey = "run"

  /// What the usual recipe has none of.
  private static let withinKey = "within"

  /// Reads YAML over the usual recipe.
  /// - Throws: ``RecipeError`` for settings that do not exist, that the choice ignores, or that are out of range.
  public static func parse(_ text: String, source: String) throws -> Recipe {
    do {
      guard let given = try Yams.load(yaml: text) as? [String: Any] else {
        throw RecipeError("\(source): a recipe is a mapping of settings")
      }
      let usual = try Yams.load(yaml: Recipe.usual.yaml) as? [String: Any] ?? [:]
      var merged = usual
      for (key, value) in given where key != runKey {
        if key == withinKey {
          merged[key] = value
          continue
        }
        guard let known = usual[key] else {
          throw RecipeError(
            "\(source): unknown setting '\(key)'; known: \((usual.keys + [withinKey]).sorted().joined(separator: ", "))"
          )
        }
        if key == "retraining", let known = known as? [String: Any], let value = value as? [String: Any] {
          if let unknown = value.keys.first(where: { known[$0] == nil }) {
            throw RecipeError(
              "\(source): unknown setting 'retraining.\(unknown)'; known: \(known.keys.sorted().joined(separator: ", "))"
            )
          }
          merged[key] = known.merging(value) { $1 }
        } else if let known = known as? [String: Any], var value = value as? [String: Any] {
          // Settings without a name are those of the usual choice.
          if value["name"] == nil { value["name"] = known["name"] }
          merged[key] = value
        } else {
          merged[key] = value
        }
      }
      return try YAMLDecoder().decode(Recipe.self, from: try Yams.dump(object: merged)).completed()
    } catch let error as RecipeError {
      throw RecipeError(error.description.hasPrefix(source) ? error.description : "\(source): \(error)")
    } catch let error as YamlError {
      throw RecipeError(
        "\(source): not YAML: \(String(describing: error).split(separator: "\n").joined(separator: " "))")
    } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context) {
      let key = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw RecipeError("\(source): \(key.isEmpty ? "it" : key) has a value of the wrong kind")
    }
  }

  /// The recipe as YAML, complete, keys sorted.
  public var yaml: String {
    get throws { try YAMLEncoder.plain(completed()) }
  }

  /// The recipe as YAML together with what else decides a run's results: re-runnable as it is.
  public func yaml(run: some Encodable) throws -> String {
    try yaml + YAMLEncoder.plain([Self.runKey: run])
  }
}
