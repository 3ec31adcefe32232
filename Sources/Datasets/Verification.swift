import Formats
import Foundation

/// What is here of a registered set, and whether it is what was published.
public struct Verification: Sendable, Codable {
  /// What is known of one file.
  public enum Status: String, Sendable, Codable {
    /// Its SHA-256 is the published one.
    case published
    /// Its SHA-256 is that of the copy this protocol was tested with; its publisher gives none.
    case recorded
    /// It is not byte for byte the published file.
    case differs
    /// It is here, but there is no SHA-256 to compare with.
    case unknown
    /// The file is not there.
    case absent
  }

  /// A file and what was found of it.
  public struct File: Sendable, Codable {
    /// Its name in the set's folder.
    public let name: String
    /// What was found.
    public let status: Status
    /// Its size, where it is there.
    public let bytes: Int?
    /// The digest of its bytes in hexadecimal digits, where it was worked out.
    public let sha256: String?
  }

  /// The set's name.
  public let name: String
  /// The set's folder, or nil where no data root is known or none is needed.
  public let folder: String?
  /// Its files.
  public let files: [File]
  /// Samples to train and test on, if the set could be read.
  public let trainCount: Int?
  /// How many test samples were read; nil where none could be.
  public let testCount: Int?
  /// The published numbers of the two.
  public let publishedTrainCount: Int
  /// How many test samples its publication says it has.
  public let publishedTestCount: Int
  /// Why the set could not be read, or nil if it could.
  public let problem: String?
  /// What else is to be known, one line each.
  public let notes: [String]

  /// Whether every sample is here and every checksum that is known is right.
  public var isComplete: Bool {
    problem == nil && trainCount == publishedTrainCount && testCount == publishedTestCount
      && !files.contains { $0.status == .differs }
  }

  /// Whether nothing contradicts what was published: it can be read, and no checksum is wrong.
  public var isSound: Bool { problem == nil && !files.contains { $0.status == .differs } }

  /// Reads all of a set and compares checksums and counts.
  public init(of set: RegisteredDataset, dataRoot: String?) {
    name = set.name
    folder = set.files.isEmpty ? nil : DatasetLoader.folder(of: set, dataRoot: dataRoot)
    let source = DataSource(name: set.name, folder: folder)
    files = set.files.map { Verification.check($0, source) }
    publishedTrainCount = set.trainCount
    publishedTestCount = set.testCount
    do {
      let dataset = try DatasetLoader.load(set.name, dataRoot: dataRoot)
      trainCount = dataset.train.count
      testCount = dataset.test.count
      notes = dataset.notes
      problem = nil
    } catch {
      trainCount = nil
      testCount = nil
      notes = []
      problem = "\(error)"
    }
  }

  private static func check(_ file: RegisteredDataset.File, _ source: DataSource) -> File {
    guard let path = source.path(of: file.name), let bytes = try? FileBytes(mapping: path) else {
      return File(name: file.name, status: .absent, bytes: nil, sha256: nil)
    }
    let digest = bytes.sha256()
    let status: Status =
      switch file.sha256 {
      // Unpacked, a published file has another checksum than the published one.
      case _ where !path.hasSuffix(file.name): .unknown
      case nil: .unknown
      case digest: file.isRecorded ? .recorded : .published
      default: .differs
      }
    return File(
      name: URL(fileURLWithPath: path).lastPathComponent, status: status, bytes: bytes.count, sha256: digest)
  }
}

extension RegisteredDataset {
  /// The bytes of the set's files that are here, and the names of those that are not; reads none of them.
  public func presence(dataRoot: String?) -> (bytes: Int, absent: [String]) {
    let source = DataSource(name: name, folder: DatasetLoader.folder(of: self, dataRoot: dataRoot))
    var bytes = 0
    var absent: [String] = []
    for file in files {
      guard let path = source.path(of: file.name),
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
      else {
        absent.append(file.name)
        continue
      }
      bytes += size
    }
    return (bytes, absent)
  }
}
