/// A square convolution; Glorot-uniform weights, zero bias.
public struct Conv2d: Layer {
  /// The kernel, `[outputs, inputs, height, width]`.
  public let weight: Tensor
  /// Nil before a batch norm, which would take it out again.
  public let bias: Tensor?
  /// The step of the kernel along both axes, in pixels.
  public let stride: Int
  /// Zeros on each side.
  public let padding: Int

  /// - Parameter padding: by default `kernel / 2`, which keeps the size for odd kernels and stride 1.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, hasBias: Bool = true,
    _ random: inout ParameterInitializer
  ) {
    let area = kernel * kernel
    weight = random.glorotUniform(
      [outputs, inputs, kernel, kernel], inputs: inputs * area, outputs: outputs * area)
    bias = hasBias ? random.zeros([outputs]) : nil
    self.stride = stride
    self.padding = padding ?? kernel / 2
  }

  /// A convolution with given weights: `weight [out, in, k, k]`, `bias [out]`.
  ///
  /// - Parameter padding: by default `k / 2`.
  public init(weight: Tensor, bias: Tensor, stride: Int = 1, padding: Int? = nil) {
    self.weight = weight
    self.bias = bias
    self.stride = stride
    self.padding = padding ?? weight.shape[3] / 2
  }

  public var parameters: [NamedTensor] {
    [NamedTensor("weight", weight)] + (bias.map { [NamedTensor("bias", $0)] } ?? [])
  }

  /// Whether outputs are as large as inputs.
  private var keepsSize: Bool { stride == 1 && weight.shape[3] == 2 * padding + 1 }

  /// Computed with channels last, and a single channel spread over blocks of pixels: same sums, half the time.
  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    let shape = weight.shape
    if keepsSize, let bias, isSpreadable(x.shape), shape[2] > 1 {
      if shape[0] == 1 { return convolvedToOneChannel(x, weight, bias, padding: padding) }
      if shape[1] == 1 { return convolvedFromOneChannel(x, weight, bias, padding: padding) }
    }
    return conv2d(x.channelsLast(), weight.channelsLast(), bias, stride: stride, padding: padding)
  }

  public func write(_ script: inout ScriptMethod, as name: String) {
    script.apply(
      "conv2d", "", script.present, script.field(name, "weight"),
      bias == nil ? .absent : script.field(name, "bias"),
      .ints([stride, stride]), .ints([padding, padding]))
  }
}
