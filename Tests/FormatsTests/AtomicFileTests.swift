import Formats
import Foundation
import Testing

@Suite struct AtomicFileTests {
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/atomic-\(UUID())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  @Test func contentIsReplacedWholeAndNothingIsLeftBeside() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let long = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    for content in [Data("first".utf8), long, Data()] {
      try AtomicFile.write(content, to: folder + "/a.bin")
      #expect(FileManager.default.contents(atPath: folder + "/a.bin") == content)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.bin"])
    }
  }

  @Test func aFailedWriteNamesTheReasonAndLeavesTheOldContent() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: SystemError("write", "\(folder)/missing/a.bin", code: ENOENT)) {
      try AtomicFile.write(Data("x".utf8), to: "\(folder)/missing/a.bin")
    }
    // A folder that is not empty cannot be replaced by a file: the rename fails after everything was written.
    try FileManager.default.createDirectory(
      atPath: "\(folder)/taken/inside", withIntermediateDirectories: true)
    #expect(throws: SystemError("rename", "\(folder)/taken", code: EISDIR)) {
      try AtomicFile.write(Data("x".utf8), to: "\(folder)/taken")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
  }
}
