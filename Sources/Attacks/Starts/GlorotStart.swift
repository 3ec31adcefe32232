import Torch

/// x + U(−r, r), clipped to [0, 1], r = √(6 / (H·W + H·C)) for images, √(6 / (d + 1)) else: what the authors' code starts
/// from, since TensorFlow initialises a variable `[1, H, W, C]` so (Glorot and Bengio 2010) unless told otherwise.
public struct GlorotStart: Start {
  /// The start, which has no settings.
  public init() {}

  public func perturbed(_ tile: Tile) -> Tensor {
    (tile.originals + Self.noise(tile)).clamped(0...1)
  }

  /// U(−r, r) for each value of a tile.
  static func noise(_ tile: Tile) -> Tensor {
    (tile.drawn { $0.uniform($1) } * 2 - 1) * limit(Array(tile.originals.shape.dropFirst()))
  }

  static func limit(_ sampleShape: [Int]) -> Double {
    // A variable [1, H, W, C] counts H as its receptive field, W and C as its inputs and outputs.
    let fans =
      sampleShape.count == 3
      ? sampleShape[1] * (sampleShape[2] + sampleShape[0]) : sampleShape.reduce(1, *) + 1
    return (6 / Double(fans)).squareRoot()
  }
}

extension Start where Self == GlorotStart {
  /// Where the authors' code begins.
  public static var glorot: GlorotStart { GlorotStart() }
}

extension RegisteredStart {
  static let glorot = RegisteredStart("glorot", "uniform noise, as the paper's code begins") { _ in
    GlorotStart()
  }
}
