/// A part of a network: named parameters and a forward pass.
public protocol Module: Sendable {
  /// The parameters with dotted names (`encoder.0.weight`), in a fixed order.
  var parameters: [NamedTensor] { get }
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// A tensor and its name within a module.
public struct NamedTensor: Sendable {
  public var name: String
  public var tensor: Tensor
  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}

extension Module {
  /// The parameters with a prefix, as a parent lists them.
  public func parameters(under name: String) -> [NamedTensor] {
    parameters.map { NamedTensor(name + "." + $0.name, $0.tensor) }
  }

  /// The number of trained values.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }
}

/// `y = x Wᵀ + b`, Glorot-uniform weights and zero bias (Keras' default, which the paper's models use).
public struct Linear: Module {
  public let weight: Tensor
  public let bias: Tensor

  public init(_ inputs: Int, _ outputs: Int, _ random: inout ParameterInitializer) {
    weight = random.glorotUniform([outputs, inputs], inputs: inputs, outputs: outputs)
    bias = random.zeros([outputs])
  }

  public var parameters: [NamedTensor] { [NamedTensor("weight", weight), NamedTensor("bias", bias)] }

  public func callAsFunction(_ x: Tensor) -> Tensor { linear(x, weight, bias) }
}

/// A square convolution, stride 1, "same" padding for odd kernels; Glorot-uniform weights, zero bias.
public struct Conv2d: Module {
  public let weight: Tensor
  public let bias: Tensor
  /// Zeros on each side.
  public let padding: Int

  public init(_ inputs: Int, _ outputs: Int, kernel: Int, _ random: inout ParameterInitializer) {
    let area = kernel * kernel
    weight = random.glorotUniform(
      [outputs, inputs, kernel, kernel], inputs: inputs * area, outputs: outputs * area)
    bias = random.zeros([outputs])
    padding = kernel / 2
  }

  /// A convolution with given weights: `weight [out, in, k, k]`, k odd, `bias [out]`.
  public init(weight: Tensor, bias: Tensor) {
    self.weight = weight
    self.bias = bias
    padding = weight.shape[3] / 2
  }

  public var parameters: [NamedTensor] { [NamedTensor("weight", weight), NamedTensor("bias", bias)] }

  /// Computed with channels last, and a single channel spread over blocks of pixels: same sums, half the time.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shape = weight.shape
    if isSpreadable(x.shape), shape[2] > 1 {
      if shape[0] == 1 { return convolvedToOneChannel(x, weight, bias, padding: padding) }
      if shape[1] == 1 { return convolvedFromOneChannel(x, weight, bias, padding: padding) }
    }
    return conv2d(x.channelsLast(), weight.channelsLast(), bias, padding: padding)
  }
}

/// Draws the first values of a model's parameters, one stream after another, from the run's seed.
public struct ParameterInitializer: Sendable {
  let seed: UInt64
  /// Where the parameters will be.
  public let device: Device
  var next = 0

  public init(seed: UInt64, device: Device) {
    self.seed = seed
    self.device = device
  }

  /// Zeros, recorded for differentiation.
  public func zeros(_ shape: [Int]) -> Tensor { Tensor.zeros(shape, device: device).requiringGrad() }

  /// Uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010).
  public mutating func glorotUniform(_ shape: [Int], inputs: Int, outputs: Int) -> Tensor {
    let bound = Float((6.0 / Double(inputs + outputs)).squareRoot())
    let stream = RandomStream(seed: seed, purpose: .initialization, index: next)
    next += 1
    let values = stream.uniform(shape.reduce(1, *)).map { (2 * $0 - 1) * bound }
    return Tensor(values, shape).to(device).requiringGrad()
  }
}
