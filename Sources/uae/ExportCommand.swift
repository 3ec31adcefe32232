import ArgumentParser
import Foundation
import Models
import Torch

struct ExportCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case pt2, torchscript, safetensors }

  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a trained model for Python.",
    discussion: """
      pt2: torch.export.load(FILE).module() gives the model's forward, of batches of any size; its other methods that
      take samples are programs beside it.
      torchscript: torch.jit.load(FILE) gives a module with forward, encode and decode; of a classifier with forward (the
      logits) and embedding.
      safetensors: safetensors.torch.load_file(FILE) gives parameters and buffers by name.
      """)

  @Option(name: .long, help: "A checkpoint, or the folder of a run that has one.")
  var checkpoint: String

  @Option(name: .long, help: "pt2, torchscript or safetensors.")
  var format = Format.torchscript

  @Option(name: .long, help: "The file to write.")
  var out: String

  @Flag(name: .long, help: "Replace an existing file.")
  var overwrite = false

  /// The file itself, or the only checkpoint in a folder.
  private func checkpointFile(_ path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return path
    }
    let files = (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
      .filter { $0.contains("checkpoints/") && $0.hasSuffix(".safetensors") }.sorted()
    guard files.count == 1, let file = files.first else {
      let known = files.isEmpty ? "none" : files.joined(separator: ", ")
      throw ModelError.checkpoint(path: path, "give one checkpoint; this folder has \(known)")
    }
    return "\(path)/\(file)"
  }

  func run() throws {
    try OutputFile(path: out, inputs: [("--checkpoint", checkpoint)]).claim(overwrite: overwrite)
    try LibTorch.load()
    let model = try Checkpoint.read(checkpointFile(checkpoint)).model
    switch format {
    case .pt2: try model.writeExportedProgram(to: out)
    case .torchscript: try model.writeTorchScript(to: out)
    case .safetensors: try Checkpoint(model).write(to: out)
    }
    print(
      "\(out): \(model.architecture.family), \(model.parameterCount) parameters, as \(format.rawValue)"
    )
  }
}
