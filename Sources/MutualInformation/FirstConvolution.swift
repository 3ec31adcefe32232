import Torch

/// The output channels of the model's first convolution: K channels, D = height · width.
public struct FirstConvolution: SampleViews {
  public let count: Int
  public let viewShape: [Int]
  private let weight: Tensor
  private let bias: Tensor
  private let padding: Int
  /// The adjoint as a convolution of its own, which is much faster; for odd kernels with "same" padding.
  private let adjointConvolution: Conv2d?
  private let rectified: Bool

  /// - Parameters:
  ///   - weight: `[K, channels, kernel, kernel]`; stride 1.
  ///   - bias: `[K]`.
  ///   - padding: zeros on each side.
  ///   - rectified: whether the ReLU that follows belongs to the view. The paper says "the output of the first
  ///     convolution layer"; the authors' code takes it after its ReLU.
  ///   - imageShape: `[channels, height, width]` of the samples.
  public init(weight: Tensor, bias: Tensor, padding: Int, rectified: Bool = true, imageShape: [Int]) {
    precondition(
      weight.shape.count == 4 && imageShape.count == 3 && weight.shape[1] == imageShape[0],
      "a convolution \(weight.shape) gives no views of samples \(imageShape)")
    self.weight = weight.detached()
    self.bias = bias.detached()
    self.padding = padding
    self.rectified = rectified
    let kernel = weight.shape[2]
    adjointConvolution =
      kernel % 2 == 1 && kernel == weight.shape[3] && padding == kernel / 2
      ? Conv2d(
        weight: adjoint(ofConvolution: self.weight).contiguous(),
        bias: Tensor.zeros([imageShape[0]], device: weight.device))
      : nil
    count = weight.shape[0]
    viewShape = [1, 2].map { imageShape[$0] + 2 * padding - weight.shape[$0 + 1] + 1 }
  }

  public func withPullback(_ samples: Tensor) -> (views: Tensor, pullback: (Tensor) -> Tensor) {
    withoutGrad {
      let channels = conv2d(samples, weight, bias, padding: padding)
      let outputs = rectified ? channels.relu() : channels
      return (
        outputs.reshaped([samples.shape[0], count, -1]),
        { gradient in
          withoutGrad {
            let full = gradient.reshaped(outputs.shape)
            let active = rectified ? full * (outputs .> 0).to(full.dtype) : full
            return adjointConvolution?(active) ?? convTranspose2d(active, weight, padding: padding)
          }
        }
      )
    }
  }
}
