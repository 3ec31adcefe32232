import Torch

/// Which optimizer, with which settings.
public enum OptimizerConfiguration: Codable, Equatable, Sendable {
  case adam(learningRate: Double)
  case sgd(learningRate: Double, momentum: Double)
  case rmsprop(learningRate: Double)
  case adadelta(learningRate: Double)

  public var learningRate: Double {
    switch self {
    case .adam(let rate), .sgd(let rate, _), .rmsprop(let rate), .adadelta(let rate): return rate
    }
  }

  /// The optimizer before its first step.
  func makeOptimizer() -> any Optimizer {
    switch self {
    case .adam(let rate): return Adam(learningRate: rate)
    case .sgd(let rate, let momentum): return SGD(learningRate: rate, momentum: momentum)
    case .rmsprop(let rate): return RMSprop(learningRate: rate)
    case .adadelta(let rate): return Adadelta(learningRate: rate)
    }
  }
}
