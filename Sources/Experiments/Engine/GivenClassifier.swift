import Formats
import Foundation

/// A classifier of the user's that a study attacks beside its own: a program of torch.export or TorchScript that gives logits.
public struct GivenClassifier: Codable, Hashable, Sendable {
  /// What pages call it.
  public let name: String
  /// SHA-256 of its file.
  public let digest: String
  /// Where its file is, which decides no outcome: what is written and read again has none.
  let path: String

  private enum CodingKeys: String, CodingKey { case name, digest }

  /// - Parameter argument: `NAME=PATH`.
  /// - Throws: ``StudyError/settings(_:)`` where it is something else, or no such file can be read.
  public init(argument: String) throws {
    guard let at = argument.firstIndex(of: "="), at > argument.startIndex else {
      throw StudyError.settings("model is '\(argument)'; it must be NAME=PATH")
    }
    name = String(argument[..<at])
    path = String(argument[argument.index(after: at)...])
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      let digest = try? SHA256.digest(ofFile: path)
    else { throw StudyError.settings("model \(name): there is no file \(path) to read") }
    self.digest = digest
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    digest = try container.decode(String.self, forKey: .digest)
    path = ""
  }
}
