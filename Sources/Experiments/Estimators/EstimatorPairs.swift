import Attacks
import Datasets
import Formats
import Foundation
import Models
import MutualInformation
import Torch

/// Real samples beside changed ones, from nearly the same to nothing in common.
package struct EstimatorPairs: Sendable {
  let originals: Tensor
  let perturbed: Tensor
  /// One of ``noise``, ``example`` and ``towards`` a pair.
  let kinds: [String]

  /// Which pairs they are.
  package struct Description: Codable, Hashable, Sendable {
    package var dataset: String
    package var count: Int
    package var modelSteps: Int

    private struct Key: Encodable {
      var description: Description
      var seed: UInt64
    }

    /// The pairs, made once for all cells.
    func load(_ context: CellContext, seed: UInt64) throws -> EstimatorPairs {
      let key = Key(description: self, seed: seed)
      let path = try context.artifact("pairs-\(dataset)-\(count)", key: key) {
        let dataset = try context.data.load(dataset).dataset
        return try EstimatorPairs(
          dataset, count: count, modelSteps: modelSteps, threads: context.threads, seed: seed
        ).encoded()
      }
      return try EstimatorPairs(path: path)
    }
  }

  static let noise = "Gaussian noise"
  static let example = "adversarial example"
  static let towards = "part of the way to one"

  /// The first `count` training samples, the three kinds in turn: with noise of σ from 0.02 to 1 (on a logarithmic
  /// scale), their `far-noise` example against an autoencoder trained on the set, and a point on the way to it. Where
  /// the attack fails there is noise instead.
  init(_ dataset: Dataset, count: Int, modelSteps: Int, threads: Int, seed: UInt64) throws {
    let count = min(count, dataset.train.count)
    let samples = dataset.train.prefix(count)
    let set = Tensor(samples.values, [count] + samples.shape)
    let architecture = Architecture(.dense, sampleShape: samples.shape)
    var trainer = Trainer(try architecture.makeModel(seed: seed), seed: seed)
    var epoch = 0
    while trainer.steps < modelSteps {
      _ = try trainer.epoch(epoch, TrainingData(set), batchSize: 100)
      epoch += 1
    }
    let attack = try Recipe.farNoise.makeAttack(on: trainer.model, samples: set, seed: seed)
    let result = try attack.run(set, range: 0..<count, threads: threads)
    var kinds: [String] = []
    let perturbed = (0..<count).map { index -> Tensor in
      let stream = RandomStream(seed: seed, purpose: .estimatorPairs, index: index)
      let chance = stream.uniform(1)[0]
      let succeeded = result.status[index] == .succeeded
      switch index % 3 {
      case 1 where succeeded:
        kinds.append(Self.example)
        return result.perturbed[index]
      case 2 where succeeded:
        kinds.append(Self.towards)
        return set[index] + (result.perturbed[index] - set[index]) * Double(chance)
      default:
        kinds.append(Self.noise)
        let sigma = 0.02 * pow(50, Double(chance))
        let draws = Tensor(stream.normal(samples.elementCount, position: 1), samples.shape)
        return (set[index] + draws * sigma).clamped(0...1)
      }
    }
    originals = set
    self.perturbed = stacked(perturbed)
    self.kinds = kinds
  }

  var count: Int { kinds.count }

  private static let allKinds = [noise, example, towards]

  private func encoded() -> [UInt8] {
    Safetensors.encode([
      (name: "originals", array: originals.hostArray), (name: "perturbed", array: perturbed.hostArray),
      (name: "kinds", array: HostArray(kinds.map { Self.allKinds.firstIndex(of: $0) ?? 0 })),
    ])
  }

  private init(path: String) throws {
    let file = try Safetensors.open(path)
    originals = Tensor(try file.array("originals"))
    perturbed = Tensor(try file.array("perturbed"))
    kinds = try (file.array("kinds").integers() ?? []).map { Self.allKinds[min(max($0, 0), 2)] }
    guard kinds.count == originals.shape[0], perturbed.shape == originals.shape else {
      throw StudyError.settings("\(path) is damaged: delete it, and it is made again")
    }
  }

  /// −(D/2) ln(1 − cos²) a pair, nats.
  func truth(dimensions: Int) -> [Double] {
    GaussianInformation(originals, dimensions: dimensions).valuesAndGradient(perturbed).values.floats
      .map(Double.init)
  }
}
