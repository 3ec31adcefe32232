import Foundation
import Yams

/// The settings of a study, as a YAML file holds them.
public protocol StudyPlan: Codable, Equatable, Sendable {
  /// The study's name, which its files begin with.
  static var study: String { get }
  /// The scales that are part of the program.
  static var scales: [String] { get }
  /// The file of a scale; nil for a name that is none.
  static func embedded(_ scale: String) -> [UInt8]?
  /// - Throws: ``StudyError/settings(_:)`` that names the first setting out of range.
  func validate() throws
}

extension StudyPlan {
  /// A scale by name, or a plan from a YAML file.
  ///
  /// - Throws: ``StudyError/settings(_:)``.
  public static func find(_ nameOrPath: String) throws -> Self {
    if let bytes = embedded(nameOrPath) {
      return try parse(String(decoding: bytes, as: UTF8.self), source: "\(study)-\(nameOrPath).yaml")
    }
    guard nameOrPath.hasSuffix(".yaml"), let text = try? String(contentsOfFile: nameOrPath, encoding: .utf8)
    else {
      throw StudyError.settings(
        "'\(nameOrPath)' is no scale: there are \(scales.joined(separator: ", ")), or give a .yaml file that exists"
      )
    }
    return try parse(text, source: nameOrPath)
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
