import Formats
import Foundation
import Models
import Torch

/// A network of the user's beside a study's own, such as a classifier to attack: a checkpoint of this package, or a program of
/// torch.export or TorchScript.
package struct GivenModel: Codable, Hashable, Sendable {
  /// What pages call it.
  package let name: String
  /// SHA-256 of its file.
  package let digest: String
  /// Where its file is, which decides no outcome: what is written and read again has none.
  let path: String

  private enum CodingKeys: String, CodingKey { case name, digest }

  /// - Parameter argument: `NAME=PATH`.
  /// - Throws: ``StudyError/settings(_:)`` where it is something else, or no such file can be read.
  package init(argument: String) throws {
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

  /// The network, which no sample of a batch may change another's output of.
  ///
  /// - Parameter samples: `[count] + sampleShape`, on the device that it goes to.
  /// - Throws: ``StudyError/settings(_:)`` where the file has changed or takes other samples; what reading it throws.
  func opened(on samples: Tensor, as use: Output) throws -> any Model {
    let shape = Array(samples.shape.dropFirst())
    guard try SHA256.digest(ofFile: path) == digest else {
      throw StudyError.settings("model \(name): \(path) has changed since the study began")
    }
    let model: any Model =
      path.hasSuffix(".safetensors")
      ? try Checkpoint.read(path, device: samples.device).model
      : try ScriptModel.load(path, samples: samples, for: use)
    guard model.sampleShape == shape else {
      throw StudyError.settings("model \(name): takes samples of shape \(model.sampleShape), not \(shape)")
    }
    try model.require(use, for: "this study")
    try ModelInspection.verify(model, use, samples[0..<min(8, samples.shape[0])])
    return model
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    digest = try container.decode(String.self, forKey: .digest)
    path = ""
  }
}

/// A plan with networks of the user's. They are of a run, not of the plan: a file of settings has none, and a cell has those that
/// it uses.
protocol GivenModelsPlan: StudyPlan {
  var models: [GivenModel] { get set }
}

extension GivenModelsPlan {
  /// The part that takes them.
  ///
  /// - Parameter use: what they are and become, in a few words.
  static func modelPart(_ use: String) -> PlanPart<Self> {
    PlanPart("model", "NAME=PATH, \(use)") { plan, arguments in
      plan.models = try arguments.map(GivenModel.init(argument:))
    }
  }

  /// The plan as cells have it.
  var bare: Self {
    var plan = self
    plan.models = []
    return plan
  }

  /// - Throws: ``StudyError/settings(_:)`` where two have one name.
  func validateModels() throws {
    guard Set(models.map(\.name)).count == models.count else {
      throw StudyError.settings("two models have one name")
    }
  }
}
