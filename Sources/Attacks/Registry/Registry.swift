import Formats

/// Something that can be chosen by name.
public protocol RegistryEntry: Sendable {
  /// What flags and recipes call it.
  var name: String { get }
  /// One line for `--help`.
  var summary: String { get }
  /// What it can be told.
  var settings: [Setting] { get }
}

/// All there is of a kind. Flags, help, recipe keys, validation and messages are made from it, so that adding one thing is
/// one file with an entry and one line in its registry.
public struct Registry<Entry: RegistryEntry>: Sendable {
  /// What the entries are, in the singular: `solver`.
  public let kind: String
  /// The first is the usual one.
  public let entries: [Entry]

  init(_ kind: String, _ entries: [Entry]) {
    self.kind = kind
    self.entries = entries
  }

  /// All names, in the order of the registry.
  public var names: [String] { entries.map(\.name) }

  /// - Throws: ``RecipeError`` with the names that there are.
  public func named(_ name: String) throws -> Entry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    let hint = nearestName(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw RecipeError("unknown \(kind) '\(name)'; \(hint)known: \(names.joined(separator: ", "))")
  }

  /// The choice with the usual values of all settings that it leaves out.
  ///
  /// - Throws: ``RecipeError`` for an unknown name, a setting that the choice does not have, or a value out of range.
  public func complete(_ choice: Choice) throws -> Choice {
    let entry = try named(choice.name)
    var full = Choice(entry.name)
    for setting in entry.settings {
      if let value = choice[setting.name] {
        full[setting.name] = try setting.checked(value)
      } else if setting.isRequired {
        throw RecipeError(
          "the \(kind) '\(entry.name)' needs \(setting.name), \(setting.rule); give --\(setting.flag)")
      } else {
        full[setting.name] = setting.usual
      }
    }
    if let extra = choice.given.first(where: { full[$0] == nil }) { throw ignored(extra, by: entry) }
    return full
  }

  /// What to say of a setting that an entry does not have.
  func ignored(_ setting: String, by entry: Entry) -> RecipeError {
    let others = entries.filter { $0.settings.contains { $0.name == setting } }.map(\.name)
    let own = entry.settings.map(\.name)
    let has = own.isEmpty ? "has no settings" : "has \(own.joined(separator: ", "))"
    return RecipeError(
      others.isEmpty
        ? "the \(kind) '\(entry.name)' has no setting '\(setting)'; it \(has)"
        : "\(setting) belongs to the \(kind) \(others.joined(separator: ", ")); '\(entry.name)' would ignore it"
    )
  }

  /// Every setting of any entry, with the entries that have it.
  public var settings: [(setting: Setting, entries: [String])] {
    var found: [(setting: Setting, entries: [String])] = []
    for entry in entries {
      for setting in entry.settings {
        if let i = found.firstIndex(where: { $0.setting.name == setting.name }) {
          found[i].entries.append(entry.name)
        } else {
          found.append((setting, [entry.name]))
        }
      }
    }
    return found
  }
}
