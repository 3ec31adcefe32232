import Torch

/// x + σ · N(0, I), clipped to [0, 1].
public struct NoiseStart: Start {
  /// σ, the noise's standard deviation.
  public var sigma: Double

  /// A start of this σ.
  public init(sigma: Double) { self.sigma = sigma }

  public func perturbed(_ tile: Tile) -> Tensor {
    (tile.originals + tile.drawn { $0.normal($1) } * sigma).clamped(0...1)
  }
}

extension Start where Self == NoiseStart {
  /// x and noise of the standard deviation σ.
  public static func noise(sigma: Double) -> NoiseStart { NoiseStart(sigma: sigma) }
}

extension RegisteredStart {
  static let noise = RegisteredStart(
    "noise", "the original with Gaussian noise",
    settings: [.real("sigma", 0.4, in: .positive(upTo: 10), "σ, the noise's standard deviation")]
  ) { NoiseStart(sigma: $0.real("sigma")) }
}
