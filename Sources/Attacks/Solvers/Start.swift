import Torch

/// Where a solver begins.
public enum Start: Codable, Equatable, Sendable {
  /// The original itself.
  case zero
  /// x + σ · N(0, I), clipped to [0, 1].
  case noise(sigma: Double)
  /// (1 − λ) x + λ z, z another sample of the same set.
  case mix(lambda: Double)
  /// x + U(−r, r), clipped to [0, 1], r = √(6 / (H·W + H·C)) for images, √(6 / (d + 1)) else: what the authors' code
  /// starts from, since TensorFlow initialises a variable `[1, H, W, C]` so (Glorot and Bengio 2010) unless told otherwise.
  case glorot

  /// The first iterates of a tile `[size, …]`, drawn from the streams of its samples.
  package func perturbed(_ tile: Tile) -> Tensor {
    let x = tile.originals
    switch self {
    case .zero: return x
    case .noise(let sigma):
      return (x + drawn(tile) { $0.normal($1) } * sigma).clamped(0...1)
    case .glorot:
      let limit = Self.glorotLimit(Array(x.shape.dropFirst()))
      return (x + (drawn(tile) { $0.uniform($1) } * 2 - 1) * limit).clamped(0...1)
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

  /// One draw a value, each row from its sample's stream.
  private func drawn(_ tile: Tile, _ draw: (RandomStream, Int) -> [Float]) -> Tensor {
    let x = tile.originals, length = x.count / tile.size
    var values = [Float](repeating: 0, count: x.count)
    for row in tile.rows {
      values.replaceSubrange(row * length..<(row + 1) * length, with: draw(tile.stream(row, .start), length))
    }
    return Tensor(values, x.shape).to(x.device)
  }

  static func glorotLimit(_ sampleShape: [Int]) -> Double {
    // A variable [1, H, W, C] counts H as its receptive field, W and C as its inputs and outputs.
    let fans =
      sampleShape.count == 3
      ? sampleShape[1] * (sampleShape[2] + sampleShape[0]) : sampleShape.reduce(1, *) + 1
    return (6 / Double(fans)).squareRoot()
  }
}
