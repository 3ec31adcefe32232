import Torch

/// One changed sample per sample of a batch, drawn anew for every batch: the draws belong to the update.
package enum BatchAugmentation {
  /// x + σ N(0, I) + λ (x_j − x_k), x_j and x_k two other samples of the set, clipped to [0, 1]: noise that is white, that
  /// has the data's own covariance, or both.
  case noise(sigma: Double, lambda: Double)
  /// Images moved by up to so many pixels along each axis, black where nothing was.
  case shift(pixels: Int)
  /// w x + (1 − w) z with w uniform in [0, 1) and z any sample of the set.
  case mixup

  /// - Parameters:
  ///   - batch: `[batch, …]`.
  ///   - set: all samples `[count, …]`.
  ///   - places: those of the batch's samples in the set.
  package func callAsFunction(_ batch: Tensor, at places: [Int], of set: Tensor, seed: UInt64, update: Int)
    -> Tensor
  {
    withoutGrad {
      switch self {
      case .noise(let sigma, let lambda):
        var x = batch
        if sigma > 0 {
          let noise = RandomStream(seed: seed, purpose: .augmentation, index: update).normal(x.count)
          x = x + Tensor(noise, x.shape).to(x.device) * sigma
        }
        if lambda > 0 { x = x + Self.difference(places, of: set, seed: seed, update: update) * lambda }
        return x.clamped(0...1)
      case .shift(let pixels): return Self.shifted(batch, pixels, seed: seed, update: update)
      case .mixup:
        let count = batch.shape[0]
        let draws = RandomStream(seed: seed, purpose: .augmentation, index: update).uniform(2 * count)
        let partners = (0..<count).map { Int(draws[$0] * Float(set.shape[0])) }
        return Self.mixed(batch, set.gathered(partners), Array(draws[count...]))
      }
    }
  }

  /// One mixture per sample of a set `[count, …]` with another sample, made once.
  static func mixup(_ set: Tensor, seed: UInt64) -> Tensor {
    let count = set.shape[0]
    let draws = (0..<count).map { RandomStream(seed: seed, purpose: .partner, index: $0).uniform(2) }
    let partners = draws.enumerated().map { index, draw in
      (index + 1 + Int(draw[0] * Float(max(1, count - 1)))) % count
    }
    return mixed(set, set.gathered(partners), draws.map { $0[1] })
  }

  private static func mixed(_ x: Tensor, _ z: Tensor, _ weights: [Float]) -> Tensor {
    withoutGrad {
      let w = Tensor(weights, [weights.count]).to(x.device).perSample(like: x)
      return x * w + z * (1 - w)
    }
  }

  /// x_j − x_k for each place i: three different samples where the set has as many.
  private static func difference(_ places: [Int], of set: Tensor, seed: UInt64, update: Int) -> Tensor {
    let count = set.shape[0]
    let draws = RandomStream(seed: seed, purpose: .partner, index: update).uniform(2 * places.count)
    var first: [Int] = [], second: [Int] = []
    for (row, place) in places.enumerated() {
      // The j-th after the place, and the k-th of the rest after it.
      let j = 1 + min(count - 2, Int(draws[2 * row] * Float(count - 1)))
      var k = 1 + min(max(0, count - 3), Int(draws[2 * row + 1] * Float(max(1, count - 2))))
      if k >= j { k += 1 }
      first.append((place + j) % count)
      second.append((place + k) % count)
    }
    return set.gathered(first) - set.gathered(second)
  }

  private static func shifted(_ batch: Tensor, _ pixels: Int, seed: UInt64, update: Int) -> Tensor {
    let count = batch.shape[0], height = batch.shape[2], width = batch.shape[3], side = 2 * pixels + 1
    let draws = RandomStream(seed: seed, purpose: .augmentation, index: update).uniform(2 * count)
    func offset(_ draw: Float) -> Int { min(side - 1, Int(draw * Float(side))) }
    let rows = Dictionary(grouping: 0..<count) { offset(draws[2 * $0]) * side + offset(draws[2 * $0 + 1]) }
    let padded = zeroPadded(batch, pixels)
    var order: [Int] = [], parts: [Tensor] = []
    for (key, chosen) in rows.sorted(by: { $0.key < $1.key }) {
      let top = key / side, left = key % side
      parts.append(
        padded.gathered(chosen).sliced(2, top..<top + height).sliced(3, left..<left + width))
      order += chosen
    }
    var places = [Int](repeating: 0, count: count)
    for (place, row) in order.enumerated() { places[row] = place }
    return concatenated(parts).gathered(places)
  }
}
