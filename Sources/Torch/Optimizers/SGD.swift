/// Stochastic gradient descent with (optionally Nesterov) momentum.
public struct SGD: Optimizer {
  public var learningRate: Double
  public var momentum: Double
  public var nesterov: Bool
  private var velocity: [Tensor] = []

  public init(learningRate: Double, momentum: Double = 0, nesterov: Bool = false) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
  }

  public mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    withoutGrad {
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
