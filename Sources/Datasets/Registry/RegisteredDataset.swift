import Formats

/// A data set that is known by name: its files, protocol, terms and source.
public struct RegisteredDataset: Sendable {
  /// One file of the set, as published.
  public struct File: Sendable, Equatable {
    /// Its name in the set's folder.
    public let name: String
    /// The SHA-256 of the published file as 64 hexadecimal digits, or nil where none is known.
    public let sha256: String?
    /// Whether `sha256` is not the publisher's, but of a copy that this protocol was tested with.
    public let isRecorded: Bool
    /// Samples in the published file, or nil for files that hold none.
    public let count: Int?
    /// Whether the set can be used without it.
    public let isOptional: Bool

    init(
      _ name: String, sha256: String? = nil, isRecorded: Bool = false, count: Int? = nil,
      isOptional: Bool = false
    ) {
      self.name = name
      self.sha256 = sha256
      self.isRecorded = isRecorded
      self.count = count
      self.isOptional = isOptional
    }
  }

  /// Something to download: a file of the set, or an archive of some.
  public struct Download: Sendable, Equatable {
    /// Where it is fetched from.
    public let address: String
    /// The name it gets in the set's folder.
    public let name: String
    /// The SHA-256 that it must have.
    public let sha256: String
    /// Files to take out of it, if it is a tar archive; the archive is then deleted.
    public let members: [String]

    package init(from address: String, to name: String, sha256: String, unpacking members: [String] = []) {
      self.address = address
      self.name = name
      self.sha256 = sha256
      self.members = members
    }
  }

  /// The name that commands take, which is also the name of its folder under the data root.
  public let name: String
  /// What people call it.
  public let title: String
  /// Empty for a set that is part of the program.
  public let files: [File]
  /// What `fetch` gets; empty where the files have to be had by hand.
  public let downloads: [Download]
  /// The shape of one sample: `[channels, height, width]` or `[features]`.
  public let sampleShape: [Int]
  /// The published number of samples to train on.
  public let trainCount: Int
  /// The published (or, where there is no published split, our own) number of samples to test on.
  public let testCount: Int
  /// The names of the classes, by number.
  public let classNames: [String]
  /// How it is split and scaled.
  public let protocolNote: String
  /// Under what terms it may be used.
  public let licence: String
  /// Where it was published.
  public let citation: String
  let read: @Sendable (inout DataSource, _ limit: Int?) throws -> Parts

  /// What reading a set gives.
  struct Parts {
    var train: Samples
    var test: Samples
    var encoding: SampleEncoding
    var notes: [String] = []
    /// What the features are called in the file.
    var featureNames: [String] = []
  }
}

/// All data sets that are known by name.
public enum DatasetRegistry {
  /// Every set that the program knows by name.
  public static let all: [RegisteredDataset] = [
    .digits, .mnist, .fashionMNIST, .cifar10, .svhn, .isolet, .coil20, .miceProtein, .activity,
  ]

  /// The set with this name, in any case.
  public static func named(_ name: String) -> RegisteredDataset? {
    all.first { $0.name == name.lowercased() }
  }

  /// The name that is most like `name`, unless it differs in more than a third of its letters.
  public static func nearestName(to name: String) -> String? {
    Formats.nearestName(to: name, among: all.map(\.name))
  }
}
