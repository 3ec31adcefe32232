import Foundation

/// Python with the libraries that judge what is written for them: a virtual environment in `.deps/python`, made once. PyTorch
/// is taken only as a build for CPUs, since those for CUDA take gigabytes.
enum PythonEnvironment {
  private static let folder = packageRoot.appending(path: ".deps/python").path
  static let interpreter = folder + "/bin/python"
  /// What is installed beside PyTorch, by the name of the package and that of its module.
  private static let others: KeyValuePairs = [
    "numpy": "numpy", "scipy": "scipy", "safetensors": "safetensors", "Pillow": "PIL", "datasets": "datasets",
    "tensorboard": "tensorboard",
  ]

  /// Why there is none, or nil.
  static let problem: String? = {
    do {
      if try isComplete { return nil }
      #if os(macOS)
        let torch = "torch==2.13.0"
      #else
        let torch = "torch==2.13.0+cpu"
      #endif
      for command in [
        ["python3", "-m", "venv", "--clear", folder],
        [interpreter, "-m", "pip", "install", "-q", torch] + others.map(\.key),
      ] {
        let result = try run(command)
        guard result.status == 0 else {
          return "\(command.joined(separator: " ")): \(result.errors.split(separator: "\n").last ?? "failed")"
        }
      }
      return try isComplete ? nil : "\(interpreter) cannot import what was installed"
    } catch {
      return "\(error)"
    }
  }()

  private static var isComplete: Bool {
    get throws {
      guard FileManager.default.isExecutableFile(atPath: interpreter) else { return false }
      let modules = ["torch"] + others.map(\.value)
      return try run([interpreter, "-c", "import \(modules.joined(separator: ", "))"]).status == 0
    }
  }

  /// Runs a script, from a file, since TorchScript wants to see the source.
  static func judge(_ script: String, _ arguments: [String]) throws -> Finished {
    let folder = try TemporaryFolder()
    try folder.write(script, to: "judge.py")
    return try run(
      [interpreter, folder.url.path + "/judge.py"] + arguments,
      // The judges need no network, and some of them ask for one.
      environment: oneThread.merging(["HF_HUB_OFFLINE": "1", "HF_HOME": folder.url.path]) { $1 })
  }

  /// Small models: PyTorch's threads would wait for each other, and for long on a busy machine.
  static var oneThread: [String: String] {
    ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 }
  }
}

/// The program, built beside the tests.
let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
  .deletingLastPathComponent().appending(path: "uae").path
