/// Stochastic gradient descent with (optionally Nesterov) momentum and weight decay, as PyTorch defines it.
public struct SGD: Optimizer {
  /// What the gradient is multiplied by.
  public var learningRate: Double
  /// The share of the last update that is kept, in 0..<1.
  public var momentum: Double
  /// Whether the gradient is taken where the momentum leads (Nesterov).
  public var nesterov: Bool
  /// Its multiple of each parameter is added to the gradient (an L2 penalty).
  public var weightDecay: Double
  private var velocity: [Tensor] = []

  /// Without a state yet.
  public init(
    learningRate: Double, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
  }

  public mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    withoutGrad {
      let gradients =
        weightDecay == 0 ? gradients : zip(gradients, parameters).map { $0 + $1 * weightDecay }
      guard momentum != 0 else { return Foreach.add(parameters, gradients, scale: -learningRate) }
      if velocity.isEmpty { velocity = zerosLike(parameters) }
      Foreach.multiply(velocity, momentum)
      Foreach.add(velocity, gradients, scale: 1)
      if nesterov {
        Foreach.add(parameters, gradients, scale: -learningRate)
        Foreach.add(parameters, velocity, scale: -learningRate * momentum)
      } else {
        Foreach.add(parameters, velocity, scale: -learningRate)
      }
    }
  }

  public var state: [NamedTensor] {
    get { named("velocity", velocity) }
    set { velocity = unnamed("velocity", newValue) }
  }
}
