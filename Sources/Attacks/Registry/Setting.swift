import Foundation

/// A number, whole number or word that a criterion, similarity, start or solver can be told. It is declared once: its flag,
/// its help, its key in a recipe, its range and the message about a bad value are made from here.
public struct Setting: Sendable {
  /// What values there are.
  public enum Kind: Sendable {
    /// A number in a range.
    case real(ClosedRange<Double>)
    /// A whole number in a range.
    case integer(ClosedRange<Int>)
    /// One of a few words.
    case word([String])
    /// Any text, such as a submodule's name.
    case text
  }

  /// The key in a recipe, such as `learningRate`.
  public let name: String
  /// One line for `--help`, without its range.
  public let summary: String
  /// What its values are.
  public let kind: Kind
  /// What holds where nothing is given; nil where it must be given or may stay out.
  public let usual: SettingValue?
  /// Whether it must be given.
  public let isRequired: Bool

  private init(
    _ name: String, _ kind: Kind, _ usual: SettingValue?, _ summary: String, isRequired: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.usual = usual
    self.summary = summary
    self.isRequired = isRequired
  }

  /// A setting that is a number in a range.
  public static func real(
    _ name: String, _ usual: Double, in range: ClosedRange<Double>, _ summary: String
  ) -> Setting { Setting(name, .real(range), .real(usual), summary) }

  /// A setting that is a whole number in a range.
  public static func integer(
    _ name: String, _ usual: Int, in range: ClosedRange<Int>, _ summary: String
  ) -> Setting { Setting(name, .integer(range), .integer(usual), summary) }

  /// A text that has to be given.
  public static func required(text name: String, _ summary: String) -> Setting {
    Setting(name, .text, nil, summary, isRequired: true)
  }

  /// A setting that is one of the cases of an enumeration.
  public static func word<Word: RawRepresentable & CaseIterable>(
    _ name: String, _ usual: Word, _ summary: String
  ) -> Setting where Word.RawValue == String {
    Setting(name, .word(Word.allCases.map(\.rawValue)), .text(usual.rawValue), summary)
  }

  /// A setting that is any text.
  public static func text(_ name: String, _ usual: String, _ summary: String) -> Setting {
    Setting(name, .text, .text(usual), summary)
  }

  /// The long flag without its dashes: `learningRate` is `--learning-rate`.
  public var flag: String {
    name.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
  }

  /// The values that it takes, in words.
  public var rule: String {
    switch kind {
    case .real(let range):
      let low = range.lowerBound, high = range.upperBound
      if high.isInfinite {
        return low == 0 ? "0 or more" : low == .leastNormalMagnitude ? "positive" : "at least \(low)"
      }
      return low == .leastNormalMagnitude
        ? "above 0 and at most \(short(high))" : "from \(short(low)) to \(short(high))"
    case .integer(let range): return "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .word(let words): return "one of \(words.joined(separator: ", "))"
    case .text: return "a text"
    }
  }

  private func short(_ value: Double) -> String { String(format: "%g", value) }

  /// - Throws: ``RecipeError`` for a value of the wrong kind or out of range.
  public func checked(_ value: SettingValue) throws -> SettingValue {
    func refused() -> RecipeError { RecipeError("\(name) is \(value); it must be \(rule)") }
    switch kind {
    case .real(let range):
      guard let number = value.number, range.contains(number), number.isFinite else { throw refused() }
      return .real(number)
    case .integer(let range):
      guard let number = value.number, let whole = Int(exactly: number), range.contains(whole) else {
        throw refused()
      }
      return .integer(whole)
    case .word(let words):
      guard words.contains("\(value)") else { throw refused() }
      return .text("\(value)")
    case .text: return .text("\(value)")
    }
  }
}

extension ClosedRange<Double> {
  /// Every number above 0.
  public static var positive: ClosedRange<Double> { .leastNormalMagnitude ... .infinity }
  /// Every number from 0.
  public static var fromZero: ClosedRange<Double> { 0 ... .infinity }
  /// Above 0 and at most the given number.
  public static func positive(upTo highest: Double) -> ClosedRange<Double> { .leastNormalMagnitude...highest }
}

/// A setting's value as a recipe or a flag has it.
public enum SettingValue: Hashable, Sendable, CustomStringConvertible {
  /// Whole or not: 1 and 1.0 are the same, so that a value is itself again after it was written and read.
  case number(Double)
  /// What is no number.
  case text(String)

  /// A number.
  public static func real(_ value: Double) -> SettingValue { .number(value) }
  /// A whole number.
  public static func integer(_ value: Int) -> SettingValue { .number(Double(value)) }

  /// What a flag says: a number where it is one.
  public init(parsing text: String) { self = Double(text).map(SettingValue.number) ?? .text(text) }

  /// The number; nil for a text.
  public var number: Double? {
    switch self {
    case .number(let value): value
    case .text: nil
    }
  }

  public var description: String {
    switch self {
    case .number(let value): Int(exactly: value).map(String.init) ?? "\(value)"
    case .text(let value): value
    }
  }
}

extension SettingValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let value):
      if let whole = Int(exactly: value) {
        try container.encode(whole)
      } else {
        try container.encode(value)
      }
    case .text(let value): try container.encode(value)
    }
  }
}

/// A setting that makes no sense, or that what was chosen does not have.
public struct RecipeError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error with its text.
  public init(_ description: String) { self.description = description }
}
