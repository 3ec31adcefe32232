/// `y = x Wᵀ + b`, Glorot-uniform weights and zero bias (Keras' default, which the paper's models use).
public struct Linear: Layer {
  /// `[outputs, inputs]`.
  public let weight: Tensor
  /// `[outputs]`.
  public let bias: Tensor

  /// A layer from so many values to so many, with weights drawn as PyTorch draws them.
  public init(_ inputs: Int, _ outputs: Int, _ random: inout ParameterInitializer) {
    weight = random.glorotUniform([outputs, inputs], inputs: inputs, outputs: outputs)
    bias = random.zeros([outputs])
  }

  /// A layer with given weights: `weight [outputs, inputs]`, `bias [outputs]`.
  public init(weight: Tensor, bias: Tensor) {
    self.weight = weight
    self.bias = bias
  }

  public var parameters: [NamedTensor] { [NamedTensor("weight", weight), NamedTensor("bias", bias)] }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor { linear(x, weight, bias) }

  public func write(_ script: inout ScriptMethod, as name: String) {
    script.apply("linear", "", script.present, script.field(name, "weight"), script.field(name, "bias"))
  }
}
