import Formats
import Foundation

/// Loads data sets by name or path.
public enum DatasetLoader {
  /// What may be asked of a data set beyond its name.
  public struct Options: Sendable, Equatable {
    /// At most this many samples to train on; nil takes all. The test set is always whole.
    public var limit: Int?
    /// The array that has the samples, in a file of several; nil takes the usual names.
    public var inputKey: String?
    /// The array, column or (for IDX) file that has the labels; nil takes the usual names.
    public var labelKey: String?
    /// The values in the file that become 0 and 1; nil takes what the type says (see `SampleEncoding`), and for a table the
    /// smallest and largest value of each column among the training samples.
    public var range: ClosedRange<Double>?
    /// Where the file has the channels; nil guesses from the shape.
    public var layout: SampleEncoding.Layout?
    /// The axis that counts the samples; nil takes the first, or where the file says otherwise (the number of labels, images
    /// as MATLAB has them) the last.
    public var sampleAxis: SampleAxis?
    /// The columns of a table that are features; nil takes all that are nothing else.
    public var columns: [String]?
    /// Columns of a table that are neither feature nor class.
    public var ignored: [String] = []
    /// Whether all samples of a user's file are for training, so that none is kept for testing.
    public var keepsAll = false
    /// The part whose samples stand as those to work on; with ``Part/test`` there are no others.
    public var part = Part.train
    /// What becomes of missing values in a table.
    public var missing = MissingValues.refuse

    /// What was said of how a file is read, by the option: beside the file's bytes it decides the samples.
    public var reading: [(option: String, value: String)] {
      let all: [(String, String?)] = [
        ("input-key", inputKey), ("label-key", labelKey),
        ("range", range.map { "\($0.lowerBound),\($0.upperBound)" }), ("layout", layout?.rawValue),
        ("sample-axis", sampleAxis?.rawValue), ("columns", columns.map { $0.description }),
        ("ignore", ignored.isEmpty ? nil : ignored.description),
        ("missing", missing == .refuse ? nil : missing.rawValue),
      ]
      return all.compactMap { option, value in value.map { (option, $0) } }
    }

    /// Options that leave everything but the number of samples to the file.
    public init(limit: Int? = nil) {
      self.limit = limit
    }
  }

  /// A part of a data set.
  public enum Part: String, Sendable, CaseIterable {
    /// For training.
    case train
    /// For testing.
    case test
  }

  /// Which axis of an array counts the samples.
  public enum SampleAxis: String, Sendable, CaseIterable {
    /// The first, as NumPy's users have it.
    case first
    /// The last, as MATLAB's users have it.
    case last
  }

  /// Loads a registered set, split and scaled by its protocol, or a file or folder of the user's.
  ///
  /// - Parameters:
  ///   - name: a name in the registry, or a path.
  ///   - dataRoot: the folder that has one folder a set; nil takes the environment's `UAE_DATA`. Sets that are part of
  ///     the program need none.
  /// - Throws: `DatasetError`, or `FormatError` for a damaged file.
  public static func load(_ name: String, dataRoot: String? = nil, options: Options = Options()) throws
    -> Dataset
  {
    guard let registered = DatasetRegistry.named(name) else {
      if FileManager.default.fileExists(atPath: name) { return try UserData.load(name, options: options) }
      throw DatasetError.unknown(name: name, nearest: DatasetRegistry.nearestName(to: name))
    }
    if let option = options.reading.first?.option {
      throw DatasetError.unusable(
        name: name, reason: "is a registered set, read by its protocol: --\(option) goes with a file of yours"
      )
    }
    var source = DataSource(name: registered.name, folder: folder(of: registered, dataRoot: dataRoot))
    let parts = try registered.read(&source, options.limit)
    let isTest = options.part == .test
    var set = Dataset(
      name: registered.name, train: isTest ? parts.test.prefix(options.limit ?? .max) : parts.train,
      test: parts.test, classNames: registered.classNames,
      encoding: parts.encoding, digest: source.digest, notes: parts.notes)
    set.featureNames = parts.featureNames
    if FileManager.default.fileExists(atPath: name) {
      set.taken = "the registered set; what has this name here would be ./\(name)"
    }
    return set
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
