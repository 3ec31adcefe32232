import Formats
import Foundation
import Torch

extension TrainableModel {
  /// The model in evaluation mode as TorchScript with the methods that it has (`forward`; for autoencoders `encode` and
  /// `decode`), and tensors named as in a checkpoint with `_` for `.`.
  public func makeScript() throws -> Script {
    let script = try Script.create("Model")
    for parameter in parameters {
      try script.register(parameter.name.replacingOccurrences(of: ".", with: "_"), parameter.tensor)
    }
    for buffer in buffers {
      try script.register(
        buffer.name.replacingOccurrences(of: ".", with: "_"), buffer.tensor, isParameter: false)
    }
    try script.define(
      methods.map { ScriptMethod.source($0.name, $0.layers) }.joined(separator: "\n"))
    try script.freeze()
    return script
  }

  /// Writes a file for `torch.jit.load`, whole or not at all.
  public func writeTorchScript(to path: String) throws {
    // LibTorch writes to a path of its own; the file's name becomes that of the archive inside.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("uae-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(URL(fileURLWithPath: path).lastPathComponent)
    try makeScript().save(file.path)
    try AtomicFile.write(Data(contentsOf: file), to: path)
  }
}
