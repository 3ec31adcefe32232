import Attacks
import Datasets
import Foundation
import Models
import MutualInformation
import Torch

/// Real samples beside changed ones, from nearly the same to nothing in common.
struct EstimatorPairs: Sendable {
  let originals: Tensor
  let perturbed: Tensor
  /// One of ``noise``, ``example`` and ``towards`` a pair.
  let kinds: [String]

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

  /// The first pairs.
  func prefix(_ count: Int) -> EstimatorPairs {
    let count = min(count, self.count)
    return EstimatorPairs(
      originals: originals[0..<count], perturbed: perturbed[0..<count], kinds: Array(kinds.prefix(count)))
  }

  private init(originals: Tensor, perturbed: Tensor, kinds: [String]) {
    self.originals = originals
    self.perturbed = perturbed
    self.kinds = kinds
  }

  /// −(D/2) ln(1 − cos²) a pair, nats.
  func truth(dimensions: Int) -> [Double] {
    GaussianInformation(originals, dimensions: dimensions).valuesAndGradient(perturbed).values.floats
      .map(Double.init)
  }
}
