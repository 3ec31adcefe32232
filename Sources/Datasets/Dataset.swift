import Formats

/// A data set in memory, split and scaled by its protocol.
public struct Dataset: Sendable, Equatable {
  /// Its name in the registry, or the path it was read from.
  public let name: String
  /// The samples that models are trained on.
  public let train: Samples
  /// Never used but to test.
  public let test: Samples
  /// Names of the classes that labels count; empty where there are none.
  public let classNames: [String]
  /// How values in [0, 1] came from those in the files, and the way back.
  public let encoding: SampleEncoding
  /// SHA-256 of what was read: of one line `<sha256>  <file name>` a file, in the order of reading.
  public let digest: String
  /// What a reader of results must know: parts that are missing, a split of our own, a scaling that leaks.
  public let notes: [String]
  /// What of a user's data was taken for what, in a line; nil where nothing was found out.
  public internal(set) var taken: String?
  /// A user's training samples as the file has them, to the bit, where all of them were asked for: `[samples] + shape in the
  /// file`.
  public internal(set) var records: HostArray?
  /// What the classes are called in the file, where these are numbers: one a class, in the file's own type.
  public internal(set) var classNumbers: HostArray?
  /// What the features are called in the file, one a value of a sample; empty where they have no names.
  public internal(set) var featureNames: [String] = []
  /// What the labels are called in the file; nil where they have no name.
  public internal(set) var labelName: String?
  /// The files that the training samples come from, where each has its own.
  public internal(set) var recordNames: [String] = []

  /// A data set of its parts; samples of all parts have one shape.
  public init(
    name: String, train: Samples, test: Samples, classNames: [String], encoding: SampleEncoding,
    digest: String,
    notes: [String] = []
  ) {
    self.name = name
    self.train = train
    self.test = test
    self.classNames = classNames
    self.encoding = encoding
    self.digest = digest
    self.notes = notes
  }

  /// What tells the training samples from all others: a run of attacks on them has it in its manifest.
  package var trainIdentity: String { "\(digest)/\(train.count)" }

  /// SHA-256 of the samples as they are used, of both parts: another column, range or shape makes another.
  package func contentDigest() -> String {
    let hash = SHA256()
    for part in [train, test] {
      hash.update(Array("\(part.shape) \(part.count) \(part.labels != nil)\n".utf8))
      part.values.withUnsafeBytes { hash.update($0) }
      part.labels?.withUnsafeBytes { hash.update($0) }
    }
    return hash.finish()
  }

  /// The training samples in double precision, from the file's own values; nil where those are not at hand.
  /// - Throws: `FormatError`.
  public func trainDoubles() throws(FormatError) -> [Double]? {
    guard let records else { return nil }
    guard case .features = encoding.scale else {
      return try encoding.decodeDoubles(records, file: name)
    }
    let clamped = FeatureTable.clamped(records.doubles(), to: encoding.scale)
    return try encoding.decodeDoubles(HostArray(clamped, shape: records.shape), file: name)
  }

  /// The shape of one sample.
  public var sampleShape: [Int] { train.shape }
}
