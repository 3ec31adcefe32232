import Torch

/// How well a model rebuilds clean samples, beside what somebody would who knows nothing but their mean.
public struct CleanError: Sendable, Equatable {
  /// The mean of (x − Φ(x))² over all values.
  public let model: Double
  /// The same for the mean of the samples in place of Φ(x), each sample left out of its own mean.
  public let mean: Double
  /// The same for the deviations from the means of x and of Φ(x): what the model makes of the differences between samples.
  public let following: Double

  /// - Parameters:
  ///   - reconstructions: `[count, …]`, two or more.
  ///   - samples: what they are of, of the same shape.
  public init(_ reconstructions: Tensor, of samples: Tensor) {
    func deviation(_ x: Tensor) -> Tensor { x - x.mean(0, keepDimensions: true) }
    let count = Double(samples.shape[0])
    (model, mean, following) = withoutGrad {
      (
        (reconstructions - samples).square().mean().item,
        deviation(samples).square().mean().item * count / max(1, count - 1),
        (deviation(reconstructions) - deviation(samples)).square().mean().item
      )
    }
  }

  /// - Parameter samples: all samples `[count, …]`; up to 64 of them, evenly spread, are taken.
  /// - Throws: what the model throws.
  public init(_ model: any Model, _ samples: Tensor) throws {
    let few = Self.spread(samples, 64)
    self.init(try withoutGrad { try model.output(.reconstruction, of: few) }, of: few)
  }

  /// Whether the model does worse than the mean: either it was trained on something else, or it is not used as it was trained.
  ///
  /// A bounded offset that all samples share is forgiven, since success compares a sample's error with its own.
  public var isWorseThanMean: Bool {
    guard model.isFinite else { return true }
    guard model > mean, mean > 0 else { return false }
    return model > 4 * mean || following > 0.75 * mean
  }

  /// Whether the samples come back as they are, but for rounding: nothing else can then be rebuilt as well.
  public var isNone: Bool { Self.isNone(model, mean) }

  static func isNone(_ error: Double, _ mean: Double) -> Bool { error <= 1e-10 * mean }

  /// Up to `count` samples, evenly spread over all.
  static func spread(_ samples: Tensor, _ count: Int) -> Tensor {
    let all = samples.shape[0]
    guard all > count else { return samples }
    return samples.gathered((0..<count).map { $0 * all / count })
  }
}
