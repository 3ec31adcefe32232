import Formats
import Foundation

/// Loads data sets by name or path.
public enum DatasetLoader {
  /// What may be asked of a data set beyond its name.
  public struct Options: Sendable, Equatable {
    /// At most this many samples to train on; nil takes all. The test set is always whole.
    public var limit: Int?

    public init(limit: Int? = nil) {
      self.limit = limit
    }
  }

  /// Loads a registered set, split and scaled by its protocol.
  ///
  /// - Parameters:
  ///   - name: a name in the registry.
  ///   - dataRoot: the folder that has one folder a set; nil takes the environment's `UAE_DATA`. Sets that are part of
  ///     the program need none.
  /// - Throws: `DatasetError`, or `FormatError` for a damaged file.
  public static func load(_ name: String, dataRoot: String? = nil, options: Options = Options()) throws
    -> Dataset
  {
    guard let registered = DatasetRegistry.named(name) else {
      throw DatasetError.unknown(name: name, nearest: DatasetRegistry.nearestName(to: name))
    }
    var source = DataSource(name: registered.name, folder: folder(of: registered, dataRoot: dataRoot))
    let parts = try registered.read(&source, options.limit)
    return Dataset(
      name: registered.name, train: parts.train, test: parts.test, classNames: registered.classNames,
      encoding: parts.encoding, digest: source.digest, notes: parts.notes)
  }

  /// The data root: what was given, else the environment's `UAE_DATA`, else nil.
  public static func dataRoot(_ given: String?) -> String? {
    let root = given ?? ProcessInfo.processInfo.environment["UAE_DATA"] ?? ""
    return root.isEmpty ? nil : root
  }

  static func folder(of registered: RegisteredDataset, dataRoot given: String?) -> String? {
    dataRoot(given).map { "\($0)/\(registered.name)" }
  }
}
