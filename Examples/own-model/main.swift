// Attacks a model of one's own: anything that computes with tensors is one, once it says what it gives.
//
//     swift run own-model

import Attacks
import Datasets
import Models
import MutualInformation
import Torch

/// Rebuilds a sample from its mean and from the means of the four quarters of its rows.
struct Blocks: Model {
  let name = "blocks"
  let sampleShape: [Int]
  let outputs: Set<Output> = [.reconstruction]
  let device = Device.cpu

  func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    guard output == .reconstruction else { throw lacks(output) }
    let rows = x.reshaped([x.shape[0], 4, x.count / x.shape[0] / 4])
    return (rows.mean(2, keepDimensions: true) * 0.95 + 0.02 + rows * 0).reshaped(x.shape)
  }

  func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? { nil }
  func digest() throws -> String { "blocks-1" }
}

let digits = try DatasetLoader.load("digits", dataRoot: nil, options: .init(limit: 64))
let samples = digits.train.tensor(on: .cpu)
let model = Blocks(sampleShape: digits.sampleShape)

let attack = try Recipe.farNoise.makeAttack(on: model, samples: samples, seed: 1)
let found = try attack.run(samples, range: 0..<samples.shape[0], threads: 2)

// A success is judged by the model itself: x is rebuilt from x' no worse than from x.
func error(_ input: Tensor) throws -> Tensor {
  (samples - (try model.output(.reconstruction, of: input))).sampleNorms()
}
let holds = try (error(found.perturbed) - error(samples)).floats.map { $0 <= 1e-5 }
print("\(found.succeeded.count { $0 }) of \(found.count) samples have an adversarial example")
precondition(zip(found.succeeded, holds).allSatisfy { !$0 || $1 }, "a claimed success is none")
precondition(found.successRate > 0.5, "the attack found next to nothing")
