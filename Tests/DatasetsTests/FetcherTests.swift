import Datasets
import Formats
import Foundation
import Testing

/// Against a server of the test's own on loopback; no other address is ever asked.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FetcherTests {
  private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

  private func download(_ server: LoopbackServer, sha256: String? = nil, members: [String] = [])
    -> RegisteredDataset.Download
  {
    .init(
      from: server.address, to: "file.bin", sha256: sha256 ?? SHA256.digest(of: content), unpacking: members)
  }

  @Test func aBrokenConnectionIsTakenUpWhereItBrokeOff() async throws {
    let folder = try Folder()
    let server = try LoopbackServer(content, .init(cuts: [100_000, 50_000]))
    let fetched = try await Fetcher(folder: "\(folder.path)/new").fetch(download(server))
    #expect(fetched == ["file.bin"])
    #expect(try FileBytes(mapping: "\(folder.path)/new/file.bin").sha256() == SHA256.digest(of: content))
    #expect(server.ranges.count == 3)
    // The second and third request ask for what is missing only, not for all again.
    #expect(server.ranges[0] == nil && server.ranges[1] != nil && server.ranges[2] != nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/new") == ["file.bin"])
    // What is here is not asked for again.
    #expect(try await Fetcher(folder: "\(folder.path)/new").fetch(download(server)) == [])
    #expect(server.ranges.count == 3)
  }

  @Test func aLaterRunGoesOnWithThePartialFile() async throws {
    let folder = try Folder()
    try folder.write("file.bin.partial", content[..<123_456])
    let server = try LoopbackServer(content)
    _ = try await Fetcher(folder: folder.path).fetch(download(server))
    #expect(server.ranges == ["bytes=123456-"])
    let again = try Folder()
    try again.write("file.bin.partial", content)
    _ = try await Fetcher(folder: again.path).fetch(download(server))
    #expect(try FileBytes(mapping: again.path + "/file.bin").count == content.count)
  }

  @Test func aServerWithoutRangesStartsAnew() async throws {
    let folder = try Folder()
    try folder.write("file.bin.partial", Array(repeating: UInt8(7), count: 1000))
    let server = try LoopbackServer(content, .init(knowsRanges: false))
    _ = try await Fetcher(folder: folder.path).fetch(download(server))
    #expect(try FileBytes(mapping: folder.path + "/file.bin").sha256() == SHA256.digest(of: content))
  }

  @Test func wrongBytesAreDeletedAndNeverUsed() async throws {
    let folder = try Folder()
    let server = try LoopbackServer(content)
    let expected = String(repeating: "0", count: 64)
    let error = await #expect(throws: FetchError.self) {
      try await Fetcher(folder: folder.path).fetch(download(server, sha256: expected))
    }
    #expect(
      error == .wrongChecksum(address: server.address, expected: expected, found: SHA256.digest(of: content)))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func aServerThatRefusesOrGivesUpIsNamed() async throws {
    let folder = try Folder()
    let refusing = try LoopbackServer(content, .init(status: 404))
    let refused = await #expect(throws: FetchError.self) {
      try await Fetcher(folder: folder.path).fetch(download(refusing))
    }
    #expect(refused == .refused(address: refusing.address, status: 404))
    #expect(refusing.ranges.count == 1)
    let cutting = try LoopbackServer(content, .init(cuts: [0, 0, 0, 0]))
    await #expect(throws: FetchError.self) {
      try await Fetcher(folder: folder.path, attempts: 2).fetch(download(cutting))
    }
    #expect(cutting.ranges.count == 2)
    await #expect(throws: FetchError.badAddress("file:///etc/passwd")) {
      try await Fetcher(folder: folder.path).fetch(.init(from: "file:///etc/passwd", to: "x", sha256: ""))
    }
  }

  @Test func archivesGiveOnlyWhatIsWantedWhateverTheirPathsSay() async throws {
    let folder = try Folder()
    func entry(_ path: String, _ text: String, type: Character = "0") -> [UInt8] {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ value: String, _ at: Int) {
        header.replaceSubrange(at..<at + value.utf8.count, with: value.utf8)
      }
      put(path, 0)
      put(String(text.utf8.count, radix: 8), 124)
      put("        ", 148)
      header[156] = type.asciiValue ?? 0
      put(String(header.reduce(0) { $0 + Int($1) }, radix: 8) + "\0 ", 148)
      return header + Array(text.utf8) + [UInt8](repeating: 0, count: (512 - text.utf8.count % 512) % 512)
    }
    let tar =
      entry("set/", "", type: "5") + entry("../../evil.bin", "no") + entry("set/a.bin", "alpha")
      + entry("../../b.bin", "beta") + entry("link.bin", "", type: "2") + [UInt8](repeating: 0, count: 1024)
    let server = try LoopbackServer(tar)
    let fetched = try await Fetcher(folder: folder.path).fetch(
      download(server, sha256: SHA256.digest(of: tar), members: ["a.bin", "b.bin"]))
    #expect(fetched == ["a.bin", "b.bin"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a.bin", "b.bin"])
    #expect(try String(contentsOfFile: "\(folder.path)/b.bin", encoding: .utf8) == "beta")
    let other = try Folder()
    await #expect(throws: FormatError.self) {
      try await Fetcher(folder: other.path).fetch(
        download(server, sha256: SHA256.digest(of: tar), members: ["link.bin"]))
    }
  }
}

@Suite struct VerificationTests {
  @Test func embeddedDigitsAreComplete() throws {
    let result = Verification(of: try #require(DatasetRegistry.named("digits")), dataRoot: nil)
    #expect(result.isComplete && result.files.isEmpty && result.trainCount == 1437)
  }

  @Test(.enabled(if: has("mnist") && has("svhn"), "needs UAE_DATA/mnist and svhn"))
  func publishedFilesAreToldFromSubsets() throws {
    let mnist = Verification(of: try #require(DatasetRegistry.named("mnist")), dataRoot: dataRoot)
    #expect(mnist.files.map(\.status) == [.published, .published, .published, .published])
    #expect(mnist.isComplete)
    let svhn = Verification(of: try #require(DatasetRegistry.named("svhn")), dataRoot: dataRoot)
    #expect(svhn.files.map(\.status) == [.differs, .absent])
    #expect(!svhn.isSound && svhn.problem == nil && svhn.trainCount == 867)
  }

  @Test func whatIsNotHereIsSaidToBeAbsent() throws {
    let folder = try Folder()
    let result = Verification(of: try #require(DatasetRegistry.named("coil20")), dataRoot: folder.path)
    #expect(result.files.map(\.status) == [.absent])
    #expect(result.problem?.contains("COIL20.mat") == true && !result.isSound)
  }
}
