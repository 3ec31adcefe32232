import Foundation
import Formats
import Testing

@Suite struct SHA256Tests {
  /// The examples of FIPS 180-2, appendix B.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func publishedExamples(text: String, digest: String) throws {
    try check(text, digest)
  }

  @Test func aMillionLetters() throws {
    let text = String(repeating: "a", count: 1_000_000)
    try check(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  private func check(_ text: String, _ digest: String) throws {
    #expect(SHA256.digest(of: Array(text.utf8)) == digest)

    let pieces = SHA256()
    for piece in stride(from: 0, to: text.utf8.count, by: 77) {
      pieces.update(Array(text.utf8.dropFirst(piece).prefix(77)))
    }
    #expect(pieces.finish() == digest)

    let file = FileManager.default.temporaryDirectory.appendingPathComponent("sha256-\(UUID()).bin")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(try SHA256.digest(ofFile: file.path) == digest)
  }

  @Test func aMissingFileIsNamedWithTheReason() {
    #expect(throws: SystemError("open", "/no/such/file", code: ENOENT)) {
      try SHA256.digest(ofFile: "/no/such/file")
    }
  }
}
