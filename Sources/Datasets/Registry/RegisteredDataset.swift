import Formats

/// A data set that is known by name: its files, protocol, terms and source.
public struct RegisteredDataset: Sendable {
  /// One file of the set, as published.
  public struct File: Sendable, Equatable {
    /// Its name in the set's folder.
    public let name: String
    /// Where it is published, or nil where it is only to be had by hand.
    public let address: String?
    /// The SHA-256 of the published file as 64 hexadecimal digits, or nil where none is published.
    public let sha256: String?
    /// Samples in the published file, or nil for files that hold none.
    public let count: Int?
    /// Whether the set can be used without it.
    public let isOptional: Bool

    init(
      _ name: String, from address: String? = nil, sha256: String? = nil, count: Int? = nil,
      isOptional: Bool = false
    ) {
      self.name = name
      self.address = address
      self.sha256 = sha256
      self.count = count
      self.isOptional = isOptional
    }
  }

  /// The name that commands take, which is also the name of its folder under the data root.
  public let name: String
  public let title: String
  /// Empty for a set that is part of the program.
  public let files: [File]
  /// The shape of one sample: `[channels, height, width]` or `[features]`.
  public let sampleShape: [Int]
  /// The published number of samples to train on.
  public let trainCount: Int
  /// The published (or, where there is no published split, our own) number of samples to test on.
  public let testCount: Int
  public let classNames: [String]
  /// How it is split and scaled.
  public let protocolNote: String
  public let licence: String
  public let citation: String
  let read: @Sendable (inout DataSource, _ limit: Int?) throws -> Parts

  /// What reading a set gives.
  struct Parts {
    var train: Samples
    var test: Samples
    var encoding: SampleEncoding
    var notes: [String] = []
  }
}

/// All data sets that are known by name.
public enum DatasetRegistry {
  public static let all: [RegisteredDataset] = [.digits, .mnist, .fashionMNIST]

  /// The set with this name, in any case.
  public static func named(_ name: String) -> RegisteredDataset? {
    all.first { $0.name == name.lowercased() }
  }

  /// The name that is most like `name`, unless it differs in more than a third of its letters.
  public static func nearestName(to name: String) -> String? {
    Formats.nearestName(to: name, among: all.map(\.name))
  }
}
