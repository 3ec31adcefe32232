import Torch

/// Where a solver begins.
public enum Start: Codable, Equatable, Sendable {
  /// The original itself.
  case zero
  /// x + σ · N(0, I), clipped to [0, 1].
  case noise(sigma: Double)
  /// (1 − λ) x + λ z, z another sample of the same set.
  case mix(lambda: Double)

  /// The first iterates of a tile `[size, …]`, drawn from the streams of its samples.
  func perturbed(_ tile: Tile) -> Tensor {
    let x = tile.originals
    switch self {
    case .zero: return x
    case .noise(let sigma):
      let length = x.count / tile.size
      var noise = [Float](repeating: 0, count: x.count)
      for row in tile.rows {
        let drawn = tile.stream(row, .start).normal(length)
        noise.replaceSubrange(row * length..<(row + 1) * length, with: drawn)
      }
      return (x + Tensor(noise, x.shape).to(x.device) * sigma).clamped(0...1)
    case .mix(let lambda):
      let count = tile.set.shape[0]
      let partners = (0..<tile.size).map { row -> Int in
        guard tile.rows.contains(row), count > 1 else { return 0 }
        // One of the count − 1 others, each as likely.
        let drawn = Int(Double(tile.stream(row, .partner).uniform(1)[0]) * Double(count - 1))
        return (tile.firstIndex + row + 1 + min(drawn, count - 2)) % count
      }
      return x * (1 - lambda) + tile.set.gathered(partners) * lambda
    }
  }
}
