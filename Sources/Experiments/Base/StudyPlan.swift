import Foundation
import Yams

/// The settings of a study, as a YAML file holds them.
public protocol StudyPlan: Codable, Equatable, Sendable {
  /// The plan's name, which its usual folder bears.
  var name: String { get }
  /// What the plan can be narrowed by.
  static var parts: [PlanPart<Self>] { get }
  /// - Throws: ``StudyError/settings(_:)`` that names the first setting out of range.
  func validate() throws
}

/// Something that a plan has several of, or can have another one of.
public struct PlanPart<Plan: Sendable>: Sendable {
  /// What `--only` calls it.
  public let name: String
  /// What its values are, in a few words.
  public let summary: String
  let keep: @Sendable (inout Plan, [String]) throws -> Void

  /// - Parameter keep: leaves in the plan what was asked for.
  public init(
    _ name: String, _ summary: String, keep: @escaping @Sendable (inout Plan, [String]) throws -> Void
  ) {
    self.name = name
    self.summary = summary
    self.keep = keep
  }

  /// A part that is one whole number.
  public static func number<Number: FixedWidthInteger & Sendable>(
    _ name: String, _ summary: String, _ path: WritableKeyPath<Plan, Number> & Sendable
  ) -> PlanPart {
    PlanPart(name, summary) { plan, values in
      guard values.count == 1, let number = Number(values[0]) else {
        throw StudyError.settings("\(name) is '\(values.joined(separator: ","))'; it must be a whole number")
      }
      plan[keyPath: path] = number
    }
  }
}

extension StudyPlan {
  /// The plan with only what was asked for.
  ///
  /// - Throws: ``StudyError/settings(_:)`` for a part that the plan does not have, or nothing left.
  public func narrowed(to wanted: [(part: String, values: [String])]) throws -> Self {
    var plan = self
    for (name, values) in wanted {
      guard let part = Self.parts.first(where: { $0.name == name }) else {
        throw StudyError.settings(
          "'\(name)' is not what \(self.name) can be narrowed by; it is "
            + Self.parts.map(\.name).joined(separator: ", "))
      }
      try part.keep(&plan, values)
    }
    try plan.validate()
    return plan
  }

  /// - Throws: ``StudyError/settings(_:)`` that names the setting.
  public static func parse(_ text: String, source: String) throws -> Self {
    do {
      let plan = try YAMLDecoder().decode(Self.self, from: text)
      try plan.validate()
      return plan
    } catch let error as StudyError {
      throw StudyError.settings("\(source): \(error)")
    } catch let error as DecodingError {
      throw StudyError.settings("\(source): \(line(error))")
    } catch {
      throw StudyError.settings(
        "\(source): not YAML: \("\(error)".split(separator: "\n").joined(separator: " "))")
    }
  }

  private static func line(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, _): return "the setting '\(key.stringValue)' is missing"
    case .valueNotFound(_, let context), .typeMismatch(_, let context):
      return "'\(path(context))' has a value of the wrong kind"
    case .dataCorrupted(let context): return "'\(path(context))': \(context.debugDescription)"
    @unknown default: return "\(error)"
    }
  }
}
