import Foundation
import Reports

/// A study: what is run, at which sizes, and what is shown of it. All else, the running, resuming and keeping of cells,
/// the command and the writing of pages, is the same for every study.
public protocol Study: Sendable {
  /// What says how large it is.
  associatedtype Plan: StudyPlan
  /// What is computed, one by one.
  associatedtype Cell: StudyCell
  /// What users call it; its plans and pages bear the name.
  static var name: String { get }
  /// What it finds out, in a line.
  static var summary: String { get }
  /// The plans that are part of the program, by the name of their scale.
  static var scales: KeyValuePairs<String, [UInt8]> { get }
  /// Whether its models can be on an accelerator.
  static var takesDevice: Bool { get }
  /// The cells of a stage, which may depend on what the stages before it found; nil where there is no such stage.
  ///
  /// - Throws: ``StudyError/settings(_:)`` where cells of a stage before are missing.
  static func cells(_ plan: Plan, stage: Int, _ found: FinishedCells<Cell>) throws -> [Cell]?
  /// The page, from finished cells alone.
  ///
  /// - Throws: ``StudyError/settings(_:)`` where too few cells are finished.
  static func document(_ plan: Plan, _ found: FinishedCells<Cell>) throws -> Document
}

/// The studies that the program has.
public enum Studies {
  /// A study is added here, and nowhere else.
  public static let all: [any Study.Type] = [
    Table2.self, Table3.self, Figure3.self, Robustness.self, Table4.self, Table5.self, Table6.self,
    Recipes.self,
    Estimators.self, Searches.self,
  ]

  /// - Throws: ``StudyError/settings(_:)`` that names those that there are.
  public static func named(_ name: String) throws -> any Study.Type {
    guard let study = all.first(where: { $0.name == name }) else {
      throw StudyError.settings(
        "unknown study '\(name)'; known: \(all.map { $0.name }.joined(separator: ", "))")
    }
    return study
  }
}

extension Study {
  public static var takesDevice: Bool { true }

  /// A scale by name, or a plan from a YAML file.
  ///
  /// - Throws: ``StudyError/settings(_:)``.
  public static func plan(_ nameOrPath: String) throws -> Plan {
    if let bytes = scales.first(where: { $0.key == nameOrPath })?.value {
      return try Plan.parse(String(decoding: bytes, as: UTF8.self), source: "\(name)-\(nameOrPath).yaml")
    }
    guard nameOrPath.hasSuffix(".yaml"), let text = try? String(contentsOfFile: nameOrPath, encoding: .utf8)
    else {
      throw StudyError.settings(
        "'\(nameOrPath)' is no scale of \(name): there are \(scales.map(\.key).joined(separator: ", ")), or give a "
          + ".yaml file that exists")
    }
    return try Plan.parse(text, source: nameOrPath)
  }
}
