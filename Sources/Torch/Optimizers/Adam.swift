/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), by LibTorch's fused operators.
public struct Adam: Optimizer {
  /// The length of a step of a parameter whose gradient keeps its sign.
  public var learningRate: Double
  /// The decay of the first moment, in 0..<1.
  public var beta1: Double
  /// The decay of the second moment, in 0..<1.
  public var beta2: Double
  /// What is added to the root of the second moment.
  public var epsilon: Double
  /// How strongly weights are drawn to zero; 0 for not at all.
  public var weightDecay: Double
  /// Whether the weights decay by themselves (AdamW); else the decay's multiple of each parameter is added to the gradient.
  public var isDecoupled: Bool
  private var first: [Tensor] = []
  private var second: [Tensor] = []
  private var steps: [Tensor] = []

  /// Without a state yet.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0, isDecoupled: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  private static let adam = orTrap { try Operator("aten::_fused_adam_") }
  private static let adamW = orTrap { try Operator("aten::_fused_adamw_") }

  public mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    if first.isEmpty {
      first = zerosLike(parameters)
      second = zerosLike(parameters)
      steps = parameters.map { Tensor.zeros([], device: $0.device) }
    }
    withoutGrad {
      // The fused kernels walk through memory: a gradient laid out otherwise than its parameter, as that of a convolution with
      // channels last, would be taken for another.
      let gradients = gradients.map { $0.contiguous() }
      for count in steps { count.assign(count + 1) }
      orTrap {
        _ = try (isDecoupled ? Self.adamW : Self.adam).call(
          [
            .tensors(parameters), .tensors(gradients), .tensors(first), .tensors(second), .tensors([]),
            .tensors(steps),
          ],
          named: [
            "lr": .double(learningRate), "beta1": .double(beta1), "beta2": .double(beta2),
            "weight_decay": .double(weightDecay),
            "eps": .double(epsilon), "amsgrad": .bool(false), "maximize": .bool(false),
          ])
      }
    }
  }

  public var state: [NamedTensor] {
    get { named("first", first) + named("second", second) + named("step", steps) }
    set {
      first = unnamed("first", newValue)
      second = unnamed("second", newValue)
      steps = unnamed("step", newValue)
    }
  }
}
