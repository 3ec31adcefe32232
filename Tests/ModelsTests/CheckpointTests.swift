import Formats
import Foundation
import Models
import Testing
import Torch

@Suite struct CheckpointTests {
  func temporary() -> String { NSTemporaryDirectory() + "checkpoint-\(UUID().uuidString).safetensors" }

  @Test(arguments: ModelFamilies.all)
  func aModelComesBackAsItWas(_ kind: ModelFamily) throws {
    let model = try Architecture(kind, sampleShape: [1, 8, 8], code: 8, classes: 3).makeModel(seed: 2)
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Checkpoint(model, epoch: 7).write(to: path)
    let read = try Checkpoint.read(path)
    #expect(read.model.architecture == model.architecture)
    #expect(read.epoch == 7)
    #expect(read.model.tensors.map { $0.tensor.floats } == model.tensors.map { $0.tensor.floats })
    #expect(try Checkpoint(model, epoch: 7).encoded() == Checkpoint(read.model, epoch: 7).encoded())
  }

  @Test func aTrainingContinuesFromItsCheckpoint() throws {
    let data = TrainingData(
      Tensor(RandomStream(seed: 2, purpose: .augmentation).uniform(30 * 16), [30, 16]))
    let architecture = Architecture(.dense, sampleShape: [16], code: 4)
    var trainer = Trainer(try architecture.makeModel(seed: 1), seed: 3)
    for epoch in 0..<2 { _ = try trainer.epoch(epoch, data, batchSize: 7) }
    let bytes = try Checkpoint(trainer.model, training: trainer.state, epoch: 2).encoded()
    _ = try trainer.epoch(2, data, batchSize: 7)
    let read = try Checkpoint(decoding: bytes, path: "memory")
    var resumed = Trainer(read.model, seed: 3)
    resumed.state = read.training
    _ = try resumed.epoch(read.epoch, data, batchSize: 7)
    #expect(
      resumed.model.parameters.map { $0.tensor.floats } == trainer.model.parameters.map { $0.tensor.floats })
  }

  @Test func whatIsNoCheckpointIsRefused() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Safetensors.write([(name: "w", array: HostArray([Float(1)]))], to: path)
    #expect(throws: ModelError.self) { try Checkpoint.read(path) }
    let good = try Checkpoint(Architecture(.dense, sampleShape: [4], code: 2).makeModel(seed: 1))
      .encoded()
    #expect(throws: (any Error).self) { try Checkpoint(decoding: Array(good.dropLast(3)), path: "cut") }
    try Safetensors.write(
      [(name: "encoder.weight", array: HostArray([Float](repeating: 0, count: 4), shape: [1, 4]))],
      metadata: ["architecture": #"{"code":2,"kind":"dense-autoencoder","sampleShape":[4]}"#], to: path)
    let error = #expect(throws: ModelError.self) { try Checkpoint.read(path) }
    #expect(error?.description.contains("encoder.weight") == true)
  }

  /// Python's own `safetensors`, in a virtual environment of the test's, reads what was written and sums each tensor.
  @Test func pythonReadsACheckpoint() throws {
    let folder = NSTemporaryDirectory() + "judge-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
      let process = Process(), pipe = Pipe()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = arguments
      process.standardOutput = pipe
      process.standardError = FileHandle.nullDevice
      try process.run()
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
    let python = folder + "/bin/python"
    guard try run(["python3", "-m", "venv", folder]).status == 0,
      try run([python, "-m", "pip", "install", "-q", "safetensors", "numpy"]).status == 0
    else {
      print("skipped: Python's safetensors cannot be installed here")
      return
    }
    let model = try Architecture(.convolutional, sampleShape: [1, 8, 8]).makeModel(seed: 2)
    try Checkpoint(model).write(to: folder + "/model.safetensors")
    let script = """
      import sys
      from safetensors.numpy import load_file
      for name, array in sorted(load_file(sys.argv[1]).items()):
          print(name, list(array.shape), array.dtype, repr(float(array.astype("float64").sum())), sep="|")
      """
    let judged = try run([python, "-c", script, folder + "/model.safetensors"])
    #expect(judged.status == 0)
    let lines = judged.output.split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
    let expected = model.parameters.sorted { $0.name < $1.name }
    #expect(lines.count == expected.count)
    for (line, parameter) in zip(lines, expected) {
      #expect(line[0] == parameter.name && line[1] == "\(parameter.tensor.shape)" && line[2] == "float32")
      let sum = parameter.tensor.doubles.reduce(0, +)
      #expect(abs((Double(line[3]) ?? .nan) - sum) < 1e-6)
    }
  }
}
