import Foundation
import Torch

/// Why a user's model cannot be attacked: one line with the file and what to do.
public struct ScriptError: Error, Equatable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What is wrong, in one line.
  public let problem: String

  /// An error of a file.
  public init(_ path: String, _ problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { "\(path): \(problem)" }

  static func wrapping<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as TorchError {
      throw ScriptError(path, reason(ofCall: error.description))
    }
  }

  private static let advice =
    "write one by torch.export.save(torch.export.export(model.eval(), (x,)), path), or torch.jit.script(model).save(path)"

  /// Why a file could not be loaded, from what LibTorch says of it and from the file's first bytes.
  static func reason(ofLoading text: String, path: String) -> String {
    if let name = text.firstMatch(of: /Unknown builtin op: ([\w:.]+?)\.?(\s|$)/)?.1 {
      return "it calls the operator \(name), which LibTorch does not have: export the model without it"
    }
    if let found = text.firstMatch(
      of: /with version (\d+), but the (max|min)imum supported version .*? is (\d+)/)
    {
      let (version, isNewer, bound) = (found.1, found.2 == "max", found.3)
      return "it has file version \(version), and LibTorch \(LibTorch.version) reads "
        + "\(isNewer ? "up to" : "from") \(bound): save it again with "
        + (isNewer ? "the PyTorch of that version" : "a newer PyTorch")
    }
    if text.contains("constants.pkl") {
      return
        "no model that can be run but another file of PyTorch's (a state dict, a pickled module); "
        + advice
    }
    if text.contains("PytorchStreamReader") {
      let isZip = FileManager.default.contents(atPath: path)?.starts(with: Array("PK".utf8)) == true
      return (isZip ? "a cut or damaged file; " : "neither a program of torch.export nor TorchScript; ")
        + advice
    }
    return "LibTorch cannot load it (\(text.shortened)); \(advice)"
  }

  /// Why a method failed, from what LibTorch says.
  static func reason(ofCall text: String) -> String {
    if text.contains("linked with support for cuda") || text.contains("from the 'CUDA' backend")
      || text.contains("Found no NVIDIA driver") || text.contains("Torch not compiled with CUDA")
    {
      return "it asks for a CUDA device in its code or constants: export it on the CPU, with device=x.device"
    }
    if text.contains("does not require grad and does not have a grad_fn") {
      return "no gradient reaches its input: torch.no_grad(), detach() or rounding inside"
    }
    return text.shortened
  }
}

extension String {
  /// Messages of LibTorch's may name whole declarations.
  var shortened: String { count <= 300 ? self : prefix(297) + "…" }
}
