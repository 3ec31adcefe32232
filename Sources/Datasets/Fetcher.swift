import Formats
import Foundation

/// Gets the published files of a set: downloads go on where they broke off, and nothing is used before its SHA-256 is right.
public struct Fetcher: Sendable {
  /// What is told while it works: the file's name, bytes here, bytes in all (nil where the server does not say).
  public typealias Progress = @Sendable (_ file: String, _ done: Int, _ total: Int?) -> Void

  /// The folder that the files are put in.
  public let folder: String
  /// How often a download that breaks off is taken up again without getting any further.
  public let attempts: Int
  private let progress: Progress

  /// A fetcher of files into a folder, which tries each so often and tells how far it is.
  public init(folder: String, attempts: Int = 5, progress: @escaping Progress = { _, _, _ in }) {
    self.folder = folder
    self.attempts = attempts
    self.progress = progress
  }

  /// Gets all files of a set that are not here yet.
  ///
  /// - Returns: names of the files that were got.
  /// - Throws: `FetchError`; `DatasetError.unusable` for a set that nobody publishes as files.
  public func fetch(_ set: RegisteredDataset) async throws -> [String] {
    guard !set.downloads.isEmpty || set.files.isEmpty else {
      let names = set.files.map(\.name).joined(separator: ", ")
      throw DatasetError.unusable(name: set.name, reason: "has to be got by hand: put \(names) in \(folder)")
    }
    var fetched: [String] = []
    for download in set.downloads { fetched += try await fetch(download) }
    return fetched
  }

  /// Gets one file, or what is wanted out of one archive, unless it is here.
  public func fetch(_ download: RegisteredDataset.Download) async throws -> [String] {
    let wanted = download.members.isEmpty ? [download.name] : download.members
    guard !wanted.allSatisfy({ FileManager.default.fileExists(atPath: "\(folder)/\($0)") }) else { return [] }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let partial = "\(folder)/\(download.name).partial"
    try await complete(download, partial)

    let digest = try SHA256.digest(ofFile: partial)
    guard digest == download.sha256 else {
      try? FileManager.default.removeItem(atPath: partial)
      throw FetchError.wrongChecksum(address: download.address, expected: download.sha256, found: digest)
    }
    if download.members.isEmpty {
      guard rename(partial, "\(folder)/\(download.name)") == 0 else {
        throw SystemError("rename", partial)
      }
    } else {
      try unpack(download, partial)
      try? FileManager.default.removeItem(atPath: partial)
    }
    return wanted
  }

  /// Downloads until all is there. A server that gives up is asked again for the rest.
  private func complete(_ download: RegisteredDataset.Download, _ partial: String) async throws {
    var failures = 0
    while true {
      let before = Fetcher.size(of: partial)
      do {
        try await Transfer.run(from: download.address, to: partial) { done, total in
          progress(download.name, done, total)
        }
        return
      } catch let error as FetchError where error.isTransient {
        failures = Fetcher.size(of: partial) > before ? 1 : failures + 1
        guard failures < attempts else { throw error }
        try await Task.sleep(for: .milliseconds(200 << failures))
      }
    }
  }

  private static func size(of path: String) -> Int {
    ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
  }

  private func unpack(_ download: RegisteredDataset.Download, _ archive: String) throws {
    var tar = try TarReader(FileBytes(mapping: archive))
    var missing = Set(download.members)
    while !missing.isEmpty, let entry = try tar.next() {
      // A name out of an archive is never a path: it only has to be one that is wanted.
      guard missing.remove(entry.name) != nil else { continue }
      try AtomicFile.write(tar.read(entry), to: "\(folder)/\(entry.name)")
    }
    guard missing.isEmpty else {
      throw FormatError(archive, "does not have \(missing.sorted().joined(separator: ", "))")
    }
  }
}

/// A download that did not come about, in one line.
public enum FetchError: Error, Equatable, CustomStringConvertible {
  /// The text is no address that can be fetched.
  case badAddress(String)
  /// The connection failed or broke off; what came so far is kept.
  case connection(address: String, reason: String)
  /// The server answered with a status other than 200 or 206.
  case refused(address: String, status: Int)
  /// All came, but it is not the published file. It is deleted.
  case wrongChecksum(address: String, expected: String, found: String)
  /// The disk refused, with its reason.
  case disk(String)

  /// Whether asking again may help.
  var isTransient: Bool {
    switch self {
    case .connection: true
    case .refused(_, let status): status >= 500 || status == 429 || status == 416
    default: false
    }
  }

  public var description: String {
    switch self {
    case .badAddress(let address): "\(address) is not an address that can be fetched"
    case .connection(let address, let reason):
      "\(address): \(reason); run it again to go on where it broke off"
    case .refused(let address, let status): "\(address): the server answers \(status)"
    case .wrongChecksum(let address, let expected, let found):
      "\(address): the file has SHA-256 \(found), not the published \(expected); it was deleted"
    case .disk(let reason): reason
    }
  }
}
