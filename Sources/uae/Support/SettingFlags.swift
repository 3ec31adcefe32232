import ArgumentParser
import Attacks

/// The flags of every setting in the registries of criteria, similarities, starts and solvers: `--sigma`, `--alpha`, ….
///
/// They are made from the registries, so a setting that is added there has its flag and its help without a line here.
struct SettingFlags: ParsableArguments, CustomReflectable {
  /// A setting of some entries of one registry.
  struct Known: Sendable {
    let setting: Setting
    /// The setting and what has it, in words.
    var help: String
  }

  /// One flag per name, whatever registries have a setting of that name.
  static let known: [Known] = {
    let all =
      Criteria.registry.settings.map { ($0.setting, $0.entries, Criteria.registry.kind) }
      + Similarities.registry.settings.map { ($0.setting, $0.entries, Similarities.registry.kind) }
      + Starts.registry.settings.map { ($0.setting, $0.entries, Starts.registry.kind) }
      + Solvers.registry.settings.map { ($0.setting, $0.entries, Solvers.registry.kind) }
    var known: [Known] = []
    for (setting, entries, kind) in all {
      let owners = "\(kind) \(entries.joined(separator: ", "))"
      if let i = known.firstIndex(where: { $0.setting.name == setting.name }) {
        known[i].help += "; also \(owners)"
      } else {
        known.append(Known(setting: setting, help: "\(setting.summary): \(setting.rule) (\(owners)"))
      }
    }
    return known.map { Known(setting: $0.setting, help: $0.help + ").") }
  }()

  /// What was given, by the setting's name.
  private(set) var given: [String: SettingValue] = [:]

  init() {}

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for known in Self.known {
      let option = try container.decode(Option<String?>.self, forKey: Key(stringValue: known.setting.name))
      if let text = option.wrappedValue { given[known.setting.name] = SettingValue(parsing: text) }
    }
  }

  /// The parser finds its options among the properties of this type: these are the settings'.
  var customMirror: Mirror {
    Mirror(
      self,
      children: Self.known.map { known -> Mirror.Child in
        let option = Option<String?>(
          name: .customLong(known.setting.flag), parsing: .unconditional, help: ArgumentHelp(known.help))
        return (label: "_" + known.setting.name, value: option)
      })
  }

  /// The recipe with what was given; each value goes to whatever of the recipe's parts has a setting of its name.
  /// - Throws: ``RecipeError`` for a setting that no part of the recipe has.
  func applied(to recipe: Recipe) throws -> Recipe {
    var recipe = recipe
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      var found = false
      found = try Self.set(name, value, in: &recipe.criterion, Criteria.registry) || found
      found = try Self.set(name, value, in: &recipe.similarity, Similarities.registry) || found
      found = try Self.set(name, value, in: &recipe.start, Starts.registry) || found
      found = try Self.set(name, value, in: &recipe.solver, Solvers.registry) || found
      guard found else {
        let flag = Self.known.first { $0.setting.name == name }?.setting.flag ?? name
        throw RecipeError(
          "--\(flag) would be ignored: neither \(recipe.criterion.name), \(recipe.similarity.name), "
            + "\(recipe.start.name) nor \(recipe.solver.name) has that setting")
      }
    }
    return recipe
  }

  private static func set<Entry>(
    _ name: String, _ value: SettingValue, in choice: inout Choice, _ registry: Registry<Entry>
  ) throws -> Bool {
    guard try registry.named(choice.name).settings.contains(where: { $0.name == name }) else { return false }
    choice[name] = value
    return true
  }
}
