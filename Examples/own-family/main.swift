// Trains a family of models of one's own: its layers are written once and give parameters, forward pass and TorchScript.
//
//     swift run own-family

import Datasets
import Foundation
import Models
import Torch

/// d → 64 ReLU → code → 64 ReLU → d sigmoid.
struct DeepAutoencoder: Autoencoder {
  let architecture: Architecture
  let encoder: Sequential
  let decoder: Sequential

  init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    let (d, code) = (architecture.sampleSize, architecture.code)
    encoder = Sequential(
      "encoder", [Flatten(), Linear(d, 64, &random), Activation.relu, Linear(64, code, &random)])
    decoder = Sequential(
      "decoder",
      [
        Linear(code, 64, &random), Activation.relu, Linear(64, d, &random), Activation.sigmoid,
        Unflatten(architecture.sampleShape),
      ])
  }

  var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .adam(learningRate: 1e-3)) { batch, _ in
        mseLoss(self(batch.samples), batch.targets)
      }
    ]
  }
}

let family = ModelFamily(
  "deep-autoencoder", "d → 64 → 8 → 64 → d", outputs: [.reconstruction, .embedding], epochs: 10,
  usualCode: { _ in 8 }
) { DeepAutoencoder($0, &$1) }

let digits = try DatasetLoader.load("digits", dataRoot: nil)
let data = TrainingData(Tensor(digits.train.values, [digits.train.count] + digits.sampleShape))
var random = ParameterInitializer(seed: 1, device: .cpu)
let model = DeepAutoencoder(Architecture(family, sampleShape: digits.sampleShape), &random)

var trainer = Trainer(model, seed: 1)
let first = try trainer.epoch(0, data, batchSize: 32)
var last = first
for epoch in 1..<family.epochs { last = try trainer.epoch(epoch, data, batchSize: 32) }
print("training loss \(first) in the first epoch, \(last) in the last")
precondition(last < first / 2, "nothing was learned")

// The same network as TorchScript, for PyTorch and for `uae attack --model`.
let path = FileManager.default.temporaryDirectory.appendingPathComponent("deep-\(getpid()).pt").path
defer { try? FileManager.default.removeItem(atPath: path) }
try model.writeTorchScript(to: path)
let script = try Script.load(path)
let few = data.samples[0..<4]
let difference = withoutGrad { (try? script(few)).map { ($0 - model(few)).abs().reshaped([-1]).max(0).item } }
precondition(difference == 0, "TorchScript gives other values")
