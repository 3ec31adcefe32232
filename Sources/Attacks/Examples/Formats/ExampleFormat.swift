import Datasets
import Formats
import Foundation

/// A form that examples are written in. A file with an extension of this type and a line in ``all`` add one.
public struct ExampleFormat: Sendable {
  /// What `--format` calls it.
  public let name: String
  /// One line for `--help`.
  public let summary: String
  /// How the names of its files end; nil where it is a folder.
  public let ending: String?
  /// What samples become in it, from how their own file has them.
  /// - Throws: ``ExamplesError`` for samples that it cannot hold.
  public let encoding: @Sendable (SampleEncoding) throws -> SampleEncoding
  /// Writes a whole file or folder, or none of it; gives the samples as they are read back.
  let write: @Sendable (ExampleFile, String) throws -> HostArray
  /// The `success` of a finished file of examples; nil where the path holds something else.
  let successes: @Sendable (String) -> [Bool]?

  /// In the order of `--help`.
  public static let all: [ExampleFormat] = [.npz, .safetensors, .imagefolder, .webdataset]

  /// The names of all, for messages.
  public static var names: String { all.map(\.name).joined(separator: ", ") }

  /// The endings of those that are files.
  public static var endings: [String] { all.compactMap(\.ending) }

  /// The form of a name; nil where there is none.
  public static func named(_ name: String) -> ExampleFormat? { all.first { $0.name == name } }

  /// The format that a path's ending names.
  public init?(path: String) {
    let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
    guard let format = Self.all.first(where: { $0.ending == ending }) else { return nil }
    self = format
  }

  init(
    name: String, summary: String, ending: String?,
    encoding: @escaping @Sendable (SampleEncoding) throws -> SampleEncoding = { $0 },
    successes: @escaping @Sendable (String) -> [Bool]?,
    write: @escaping @Sendable (ExampleFile, String) throws -> HostArray
  ) {
    self.name = name
    self.summary = summary
    self.ending = ending
    self.encoding = encoding
    self.write = write
    self.successes = successes
  }

  /// Whether a path holds finished examples of this format of which none succeeded, so that nothing is lost with it.
  public func hasNoSuccess(_ path: String) -> Bool {
    successes(path)?.allSatisfy { !$0 } ?? false
  }

  /// Whether a path holds examples that this format wrote.
  public func holdsExamples(_ path: String) -> Bool { successes(path) != nil }
}
