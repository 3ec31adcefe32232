import Torch

/// What a user's model expects, and the way there from samples `[batch] + sampleShape` in [0, 1], channels first.
public struct ScriptInput: Sendable, Equatable {
  /// How the model wants a batch of samples.
  public enum Layout: String, Sendable, CaseIterable {
    /// `[batch, channels, height, width]`, or as the samples are where they are no images.
    case nchw
    /// `[batch, height, width, channels]`.
    case nhwc
    /// `[batch, height, width]`, of images with one channel.
    case nhw
    /// `[batch, values]`.
    case flat
    /// `[batch, 1, values]`, of rows: a convolution along them, channels first.
    case ncl
    /// `[batch, values, 1]`, of rows: a sequence of single values.
    case nlc
  }

  /// The shape of one sample, `[channels, height, width]` or `[features]`.
  public let sampleShape: [Int]
  /// What the values 0 and 1 are for the model.
  public let range: ClosedRange<Double>
  /// How a batch is laid out for the model.
  public let layout: Layout
  /// The type of its elements for the model.
  public let dtype: DataType

  /// An input that is as this package has samples, unless more is said.
  public init(
    sampleShape: [Int], range: ClosedRange<Double> = 0...1, layout: Layout = .nchw, dtype: DataType = .float32
  ) {
    self.sampleShape = sampleShape
    self.range = range
    self.layout = layout
    self.dtype = dtype
  }

  /// The layouts that samples of a shape can take, the usual one first.
  public static func layouts(for sampleShape: [Int]) -> [Layout] {
    guard sampleShape.count == 3 else {
      return sampleShape.count == 1 ? [.nchw, .ncl, .nlc] : [.nchw, .flat]
    }
    return sampleShape[0] == 1 ? [.nchw, .nhw, .flat, .nhwc] : [.nchw, .nhwc, .flat]
  }

  /// The shape of one sample as the model has it.
  public var modelShape: [Int] {
    switch layout {
    case .nchw: sampleShape
    case .nhwc: Array(sampleShape.dropFirst()) + [sampleShape[0]]
    case .nhw: Array(sampleShape.dropFirst())
    case .flat: [sampleShape.reduce(1, *)]
    case .ncl: [1] + sampleShape
    case .nlc: sampleShape + [1]
    }
  }

  /// Samples in the model's own form, differentiable: always a copy, since a model may change its input in place.
  public func encode(_ x: Tensor) -> Tensor {
    var y = range == 0...1 ? x.cloned() : x
    if range != 0...1 { y = y * (range.upperBound - range.lowerBound) + range.lowerBound }
    if layout == .nhwc { y = y.permuted([0, 2, 3, 1]).contiguous() }
    if y.shape.dropFirst() != modelShape[...] { y = y.reshaped([x.shape[0]] + modelShape) }
    return y.dtype == dtype ? y : y.to(dtype)
  }

  /// The model's form of samples back to ours: the inverse of ``encode(_:)``, differentiable.
  ///
  /// - Parameters:
  ///   - y: as many values a sample as ours has, of a floating-point type, which stays.
  ///   - scale: what its values are; nil where that is the input's range.
  public func decode(_ y: Tensor, scale: OutputScale? = nil) -> Tensor {
    var x = y.reshaped([y.shape[0]] + modelShape)
    if layout == .nhwc { x = x.permuted([0, 3, 1, 2]) }
    x = x.reshaped([y.shape[0]] + sampleShape)
    switch scale ?? .range(range) {
    case .logits: return x.sigmoid()
    case .range(let range):
      return range == 0...1 ? x : (x - range.lowerBound) / (range.upperBound - range.lowerBound)
    }
  }

  /// The same but for the range.
  func with(range: ClosedRange<Double>) -> ScriptInput {
    ScriptInput(sampleShape: sampleShape, range: range, layout: layout, dtype: dtype)
  }
}
