import Datasets
import Foundation
import Testing
import Torch

/// Published sets, where the environment says in `UAE_DATA` where they are.
enum PublishedData {
  static let isHere = ProcessInfo.processInfo.environment["UAE_DATA"]?.isEmpty == false

  struct Parts {
    var train: Tensor
    var test: Tensor
    var labels: (train: [Int], test: [Int])
  }

  /// 10,000 of MNIST's 70,000 images, 8,000 to train on and 2,000 to test, `[n, 784]`.
  static func mnist10k(seed: UInt64 = 0) throws -> Parts {
    let set = try DatasetLoader.load("mnist")
    let chosen = RandomStream(seed: seed, purpose: .split).permutation(70_000).prefix(10_000)
    var values: [Float] = []
    var labels: [Int] = []
    let own = (set.train.labels ?? []) + (set.test.labels ?? [])
    for index in chosen {
      let part = index < 60_000 ? set.train : set.test
      let place = index < 60_000 ? index : index - 60_000
      values += part.values[place * 784..<(place + 1) * 784]
      labels.append(own[index])
    }
    let all = Tensor(values, [10_000, 784])
    return Parts(
      train: all[0..<8000], test: all[8000..<10_000],
      labels: (Array(labels.prefix(8000)), Array(labels.dropFirst(8000))))
  }

  /// A registered set in its own split, samples as rows.
  static func load(_ name: String) throws -> Parts {
    let set = try DatasetLoader.load(name)
    func rows(_ part: Samples) -> Tensor { Tensor(part.values, [part.count, part.elementCount]) }
    return Parts(
      train: rows(set.train), test: rows(set.test),
      labels: (set.train.labels ?? [], set.test.labels ?? []))
  }
}

extension Trait where Self == ConditionTrait {
  static var withPublishedData: Self { .enabled(if: PublishedData.isHere, "UAE_DATA is not set") }
}
