import Torch

/// Which optimizer, with which settings.
public enum OptimizerConfiguration: Codable, Equatable, Sendable {
  /// With a weight decay, its multiple of each parameter is added to the gradient (an L2 penalty).
  case adam(learningRate: Double, weightDecay: Double = 0)
  /// Weights decay by themselves, whatever the gradient (Loshchilov and Hutter 2019).
  case adamW(learningRate: Double, weightDecay: Double = 0.01)
  /// Steps along the gradient, with momentum.
  case sgd(learningRate: Double, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0)
  /// By the root of the gradient's running mean square.
  case rmsprop(learningRate: Double)
  /// By the roots of the running mean squares of gradient and step.
  case adadelta(learningRate: Double)
  /// SimCLR's; biases and batch norm neither decay nor adapt.
  case lars(learningRate: Double, momentum: Double = 0.9, weightDecay: Double = 1e-4)

  /// The full rate, which a schedule multiplies.
  public var learningRate: Double {
    switch self {
    case .adam(let rate, _), .adamW(let rate, _), .sgd(let rate, _, _, _), .rmsprop(let rate),
      .adadelta(let rate), .lars(let rate, _, _):
      rate
    }
  }

  /// The optimizer before its first step.
  func makeOptimizer() -> any Optimizer {
    switch self {
    case .adam(let rate, let decay): Adam(learningRate: rate, weightDecay: decay)
    case .adamW(let rate, let decay): Adam(learningRate: rate, weightDecay: decay, isDecoupled: true)
    case .sgd(let rate, let momentum, let nesterov, let decay):
      SGD(learningRate: rate, momentum: momentum, nesterov: nesterov, weightDecay: decay)
    case .rmsprop(let rate): RMSprop(learningRate: rate)
    case .adadelta(let rate): Adadelta(learningRate: rate)
    case .lars(let rate, let momentum, let decay):
      LARS(learningRate: rate, momentum: momentum, weightDecay: decay)
    }
  }
}
