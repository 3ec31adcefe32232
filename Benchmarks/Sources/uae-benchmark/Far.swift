import Attacks
import Foundation
import Models
import Torch

/// The search for far examples with a similarity in closed form, beside what the model's own passes cost alone.
struct FarRow: Codable {
  var model, similarity: String
  var samples, iterations: Int
  /// Of the repetitions, by turns: the whole search, and as many forward passes and input gradients without it.
  var seconds: [Double] = []
  var passes: [Double] = []
  var megabytes = 0.0

  init(_ family: ModelFamily, exact: Bool, samples: Int, repetitions: Int, iterations: Int, threads: Int)
    throws
  {
    model = family.name
    similarity = exact ? "exact" : "l2"
    (self.samples, self.iterations) = (samples, iterations)
    let shape = [1, 28, 28]
    let autoencoder = try Architecture(family, sampleShape: shape).makeModel(seed: 1)
    let values = RandomStream(seed: 7, purpose: .start).uniform(samples * 784)
    let set = Tensor(values, [samples] + shape)
    // No sample rests early: every one takes all steps.
    let attack = Attack(
      criterion: KeepsReconstruction(autoencoder), similarity: exact ? ExactInformation() : Distance(),
      solver: Switching(iterations: iterations, patience: iterations + 1), seed: 1)
    PeakMemory.reset()
    _ = try attack.run(set, range: 0..<min(samples, 64 * threads), threads: threads)
    for _ in 0..<repetitions {
      seconds.append(try measured { _ = try attack.run(set, range: 0..<samples, threads: threads) })
      passes.append(measured { Self.passes(autoencoder, set, iterations: iterations, threads: threads) })
    }
    megabytes = PeakMemory.megabytes
  }

  /// What the search asks of the model: a gradient in every iteration, the originals' reconstruction and the last one's.
  private static func passes(_ model: any Model, _ set: Tensor, iterations: Int, threads: Int) {
    let tiles = set.shape[0] / Attack.tileSize
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      LibTorch.setThreads(1)
      for tile in stride(from: thread, to: tiles, by: threads) {
        let x = set[tile * Attack.tileSize..<(tile + 1) * Attack.tileSize]
        let ones = Tensor.full(x.shape, 1, device: .cpu)
        withoutGrad {
          for _ in 0..<2 { _ = try? model.output(.reconstruction, of: x) }
          for _ in 0..<iterations {
            let leaf = x.requiringGrad()
            _ = try? withGrad { try grad(model.output(.reconstruction, of: leaf), [leaf], outputGradient: ones) }
          }
        }
      }
    }
  }
}
