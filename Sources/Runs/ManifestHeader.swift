import Formats
import Foundation

extension RunHeader {
  /// The header of the manifest in a folder: `.absent` without a manifest, `.damaged` where it fails its own digest.
  enum Found: Equatable {
    case absent
    case damaged
    case header(RunHeader)
  }

  static func read(folder: String) -> Found {
    guard let file = FileHandle(forReadingAtPath: "\(folder)/\(Ledger.manifestName)") else { return .absent }
    defer { try? file.close() }
    // Three short lines; the mebibyte bounds what a hostile file makes us hold.
    let lines = ((try? file.read(upToCount: 1 << 20)) ?? Data()).split(
      separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    guard lines.count == 4,
      let run = value(of: "run", in: lines[1]), let identity = value(of: "identity", in: lines[2]),
      identity == "\"\(SHA256.digest(of: Array(run.utf8)))\"",
      let header = try? JSON.decoder.decode(RunHeader.self, from: Data(run.utf8))
    else { return .damaged }
    return .header(header)
  }

  private static func value(of name: String, in line: Data) -> String? {
    let text = String(decoding: line, as: UTF8.self)
    guard text.hasPrefix("\"\(name)\": "), text.hasSuffix(",") else { return nil }
    return String(text.dropFirst(name.utf8.count + 4).dropLast())
  }
}
