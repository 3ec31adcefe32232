import Formats
import Foundation
import Models
import Testing
import Torch

@Suite struct CheckpointTests {
  func temporary() -> String { NSTemporaryDirectory() + "checkpoint-\(UUID().uuidString).safetensors" }

  @Test(arguments: AutoencoderKind.allCases)
  func aModelComesBackAsItWas(_ kind: AutoencoderKind) throws {
    let model = try Architecture(kind: kind, sampleShape: [1, 8, 8], code: 5).makeModel(seed: 2)
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Checkpoint(model, epoch: 7).write(to: path)
    let read = try Checkpoint.read(path)
    #expect(read.model.architecture == model.architecture)
    #expect(read.epoch == 7)
    #expect(read.model.parameters.map { $0.tensor.floats } == model.parameters.map { $0.tensor.floats })
    #expect(try Checkpoint(model, epoch: 7).encoded() == Checkpoint(read.model, epoch: 7).encoded())
  }

  @Test func aTrainingContinuesFromItsCheckpoint() throws {
    let data = Tensor(RandomStream(seed: 2, purpose: .augmentation).uniform(30 * 16), [30, 16])
    let architecture = Architecture(kind: .dense, sampleShape: [16], code: 4)
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
    let good = try Checkpoint(Architecture(kind: .dense, sampleShape: [4], code: 2).makeModel(seed: 1))
      .encoded()
    #expect(throws: (any Error).self) { try Checkpoint(decoding: Array(good.dropLast(3)), path: "cut") }
    try Safetensors.write(
      [(name: "encoder.weight", array: HostArray([Float](repeating: 0, count: 4), shape: [1, 4]))],
      metadata: ["architecture": #"{"code":2,"kind":"dense-autoencoder","sampleShape":[4]}"#], to: path)
    let error = #expect(throws: ModelError.self) { try Checkpoint.read(path) }
    #expect(error?.description.contains("encoder.weight") == true)
  }
}
