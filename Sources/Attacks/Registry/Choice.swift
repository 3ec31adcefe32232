/// One of a registry by name, with its settings: `{name: noise, sigma: 0.4}` in a recipe.
public struct Choice: Hashable, Sendable {
  /// The name in its registry.
  public var name: String
  private var values: [String: SettingValue]

  /// - Parameter values: settings that are not the usual ones.
  public init(_ name: String, _ values: [String: SettingValue] = [:]) {
    self.name = name
    self.values = values
  }

  /// The names of the settings that are given.
  public var given: [String] { values.keys.sorted() }

  /// A setting's value; nil where it was left to its usual one.
  public subscript(_ name: String) -> SettingValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The number that the setting has; for a choice that ``Registry/complete(_:)`` completed.
  public func real(_ name: String) -> Double { values[name]?.number ?? .nan }

  /// The whole number that the setting has; for a choice that ``Registry/complete(_:)`` completed.
  public func integer(_ name: String) -> Int { values[name]?.number.flatMap { Int(exactly: $0) } ?? 0 }

  /// The word or text that the setting has; for a choice that ``Registry/complete(_:)`` completed.
  public func text(_ name: String) -> String { values[name]?.description ?? "" }

  /// The word as a case of an enumeration.
  public func word<Word: RawRepresentable>(_ name: String, usual: Word) -> Word
  where Word.RawValue == String {
    Word(rawValue: text(name)) ?? usual
  }
}

extension Choice: CustomStringConvertible {
  /// As people read it: `noise sigma=0.4`.
  public var description: String {
    ([name] + given.map { "\($0)=\(values[$0]?.description ?? "")" }).joined(separator: " ")
  }
}

extension Choice: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// A name alone, or a mapping with `name` and settings.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self.init(name)
      return
    }
    let container = try decoder.container(keyedBy: Key.self)
    self.init(try container.decode(String.self, forKey: Key(stringValue: "name")))
    for key in container.allKeys where key.stringValue != "name" {
      values[key.stringValue] = try container.decode(SettingValue.self, forKey: key)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: Key(stringValue: "name"))
    for (key, value) in values { try container.encode(value, forKey: Key(stringValue: key)) }
  }
}
