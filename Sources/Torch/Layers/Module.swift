/// What holds named tensors: parameters, which training moves, and buffers, which it only keeps.
public protocol Module: Sendable {
  /// The parameters with dotted names (`encoder.0.weight`), in a fixed order.
  var parameters: [NamedTensor] { get }
  /// What else decides the outputs, such as running statistics, with dotted names, in a fixed order.
  var buffers: [NamedTensor] { get }
}

/// A tensor and its name within a module.
public struct NamedTensor: Sendable {
  /// The dotted name, such as `encoder.0.weight`.
  public var name: String
  /// The tensor, shared with the model.
  public var tensor: Tensor
  /// A tensor with its name.
  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }

  /// The tensor as a parent lists it; an empty prefix adds nothing.
  func under(_ prefix: String) -> NamedTensor { NamedTensor(dotted(prefix, name), tensor) }
}

extension Module {
  public var parameters: [NamedTensor] { [] }
  public var buffers: [NamedTensor] { [] }

  /// Parameters and buffers: all that decides the outputs.
  public var tensors: [NamedTensor] { parameters + buffers }

  /// The number of trained values.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }
}

/// Two parts of a dotted name; empty ones add nothing.
func dotted(_ prefix: String, _ name: String) -> String {
  prefix.isEmpty ? name : name.isEmpty ? prefix : "\(prefix).\(name)"
}

/// Draws the first values of a model's parameters, one stream after another, from the run's seed.
public struct ParameterInitializer: Sendable {
  package let seed: UInt64
  /// Where the parameters will be.
  public let device: Device
  var next = 0

  /// Draws whose stream is keyed by a seed, for tensors on a device.
  public init(seed: UInt64, device: Device) {
    self.seed = seed
    self.device = device
  }

  /// Zeros, recorded for differentiation.
  public func zeros(_ shape: [Int]) -> Tensor { Tensor.zeros(shape, device: device).requiringGrad() }

  /// Ones, recorded for differentiation.
  public func ones(_ shape: [Int]) -> Tensor { Tensor.full(shape, 1, device: device).requiringGrad() }

  /// Uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010).
  public mutating func glorotUniform(_ shape: [Int], inputs: Int, outputs: Int) -> Tensor {
    let bound = Float((6.0 / Double(inputs + outputs)).squareRoot())
    let stream = RandomStream(seed: seed, purpose: .initialization, index: next)
    next += 1
    let values = stream.uniform(shape.reduce(1, *)).map { (2 * $0 - 1) * bound }
    return Tensor(values, shape).to(device).requiringGrad()
  }
}
