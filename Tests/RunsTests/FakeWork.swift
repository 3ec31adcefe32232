import Formats
import Foundation
import Runs

/// Work whose bytes are a pure function of the sample's index, in place of an attack.
enum FakeWork {
  static func result(_ range: Range<Int>) -> ShardResult {
    var bytes = Data()
    var counts = ShardCounts()
    for index in range {
      var value = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
      for _ in 0..<4 {
        value ^= value >> 29
        value &*= 0xBF58_476D_1CE4_E5B9
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
      }
      counts[index % 10 == 3 ? "infeasible" : ShardCounts.succeeded] += 1
    }
    return ShardResult(bytes: bytes, counts: counts, meanSimilarity: Double(range.lowerBound) / 7)
  }

  static let identity = RunIdentity(
    recipe: "dataset: digits\nmethod: minmax\nepsilon: 1\nseed: 7\n",
    model: SHA256.digest(of: Data("model".utf8)),
    data: SHA256.digest(of: Data("data".utf8)), software: ["swift-uae": "1"])
}

/// A folder of its own for a test, removed with it.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/runs-test-\(UUID())"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The files of a run whose bytes must not depend on how it was made.
func results(_ folder: String) throws -> [String: String] {
  var digests: [String: String] = [:]
  for name in ["recipe.yaml", "manifest.json"] {
    digests[name] = try SHA256.digest(ofFile: "\(folder)/\(name)")
  }
  for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/uae") {
    digests["uae/\(name)"] = try SHA256.digest(ofFile: "\(folder)/uae/\(name)")
  }
  return digests
}
