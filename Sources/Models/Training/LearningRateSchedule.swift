import Foundation

/// How the learning rate changes over the steps of a training: what the full rate is multiplied by.
public indirect enum LearningRateSchedule: Codable, Equatable, Sendable {
  /// The full rate at every step.
  case constant
  /// From the full rate to 0 along half a cosine over the given number of steps.
  case cosine(steps: Int)
  /// Multiplied by the factor after every so many steps.
  case staircase(every: Int, factor: Double)
  /// Multiplied by the factor after every step.
  case exponential(factor: Double)
  /// 1 / (1 + decay · step), what Keras' optimisers call `decay`.
  case inverseTime(decay: Double)
  /// A straight line up to the full rate, which the last of so many steps has; then another schedule from its beginning.
  case warmUp(steps: Int, then: LearningRateSchedule)

  /// The factor of a step, the first being 0.
  public func factor(_ step: Int) -> Double {
    switch self {
    case .constant: 1
    case .cosine(let steps): 0.5 * (1 + cos(.pi * min(1, Double(step) / Double(max(1, steps)))))
    case .staircase(let interval, let factor): pow(factor, Double(step / max(1, interval)))
    case .exponential(let factor): pow(factor, Double(step))
    case .inverseTime(let decay): 1 / (1 + decay * Double(step))
    case .warmUp(let steps, let next):
      step < steps ? Double(step + 1) / Double(steps) * next.factor(0) : next.factor(step - steps)
    }
  }
}
