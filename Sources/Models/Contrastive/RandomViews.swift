import Torch

/// How random views of samples are made, for contrastive learning.
public enum RandomViews: Codable, Equatable, Sendable {
  /// Images: parts of them, turned, in other colours.
  case images(ImageViews)
  /// Rows of a table: with noise of the deviation σ, and each value 0 with a probability; clipped to [0, 1].
  case rows(noise: Double, dropped: Double)

  /// The blocks of random numbers that belong to one view of an image; those of a row follow its length.
  public static let blocks: UInt64 = 16

  /// Where the numbers of one view of a sample begin.
  public struct Source: Sendable {
    /// The stream that the numbers are from.
    public var stream: RandomStream
    /// The block of the stream at which they begin.
    public var position: UInt64

    /// A place in a stream.
    public init(_ stream: RandomStream, position: UInt64 = 0) {
      self.stream = stream
      self.position = position
    }
  }

  /// The usual ones for samples of a shape: views of images `[channels, height, width]` of one or three channels, else noise
  /// of 0.05 and a fifth of the values left out.
  public static func usual(_ sampleShape: [Int]) -> RandomViews {
    sampleShape.count == 3 && [1, 3].contains(sampleShape[0])
      ? .images(ImageViews()) : .rows(noise: 0.05, dropped: 0.2)
  }

  /// Those that an encoder was trained on; of any other model, the usual ones for its samples.
  public static func of(_ model: any Model) -> RandomViews {
    (model as? ContrastiveEncoder)?.settings.views ?? .usual(model.sampleShape)
  }

  /// The blocks of random numbers that one view of a sample takes.
  public func blocks(_ sampleShape: [Int]) -> UInt64 {
    switch self {
    case .images: Self.blocks
    case .rows: 2 * UInt64((sampleShape.reduce(1, *) + 3) / 4)
    }
  }

  /// One view of each sample `[n] + sampleShape` in [0, 1], differentiable in the samples: a function of the sample and of where
  /// its numbers begin, whatever else is in the batch.
  ///
  /// - Parameter sources: one per sample.
  public func callAsFunction(_ samples: Tensor, _ sources: [Source]) -> Tensor {
    switch self {
    case .images(let views):
      let (height, width) = (samples.shape[2], samples.shape[3])
      return views(
        samples,
        sources.map { views.decide(height: height, width: width, $0.stream, position: $0.position) })
    case .rows(let noise, let dropped):
      let size = samples.shape.dropFirst().reduce(1, *)
      let half = UInt64((size + 3) / 4)
      func tensor(_ values: [Float]) -> Tensor {
        Tensor(values, samples.shape).to(samples.dtype).to(samples.device)
      }
      let normal = sources.flatMap { $0.stream.normal(size, position: $0.position) }
      let kept = sources.flatMap { source in
        source.stream.uniform(size, position: source.position + half).map {
          Double($0) < dropped ? Float(0) : 1
        }
      }
      return (samples + tensor(normal) * noise).clamped(0...1) * tensor(kept)
    }
  }
}
