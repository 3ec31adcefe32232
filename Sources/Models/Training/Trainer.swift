import Foundation
import Torch

/// Trains a model, batch after batch, from a state that can be saved and restored between any two steps.
public struct Trainer: Sendable {
  public let model: any TrainableModel
  private let objectives: [Objective]
  private var optimizers: [any Optimizer]
  private let seed: UInt64
  private let schedule: Schedule
  /// Steps done so far.
  public private(set) var steps = 0

  /// How the learning rate changes over the steps.
  public enum Schedule: Codable, Equatable, Sendable {
    case constant
    /// From the full rate to 0 along half a cosine over the given number of steps.
    case cosine(steps: Int)

    func factor(_ step: Int) -> Double {
      switch self {
      case .constant: return 1
      case .cosine(let steps):
        return 0.5 * (1 + cos(.pi * min(1, Double(step) / Double(max(1, steps)))))
      }
    }
  }

  /// - Parameters:
  ///   - optimizer: replaces the model's own for every objective.
  ///   - seed: of the noise that some losses draw.
  public init(
    _ model: any TrainableModel, optimizer: OptimizerConfiguration? = nil, schedule: Schedule = .constant,
    seed: UInt64
  ) {
    self.model = model
    self.seed = seed
    self.schedule = schedule
    objectives = model.objectives
    optimizers = objectives.map { (optimizer ?? $0.optimizer).makeOptimizer() }
    rates = objectives.map { (optimizer ?? $0.optimizer).learningRate }
  }

  private let rates: [Double]

  /// One step of every objective on a batch.
  /// - Returns: the first objective's loss before its step.
  @discardableResult
  public mutating func step(_ batch: Batch) throws -> Double {
    var first = 0.0
    let random = RandomStream(seed: seed, purpose: .training, index: steps)
    for (i, objective) in objectives.enumerated() {
      let loss = try withGrad { try objective.loss(batch, random) }
      let gradients = try grad(loss, objective.parameters).enumerated().map { j, gradient in
        gradient ?? Tensor.zeros(objective.parameters[j].shape, device: objective.parameters[j].device)
      }
      optimizers[i].learningRate = rates[i] * schedule.factor(steps)
      optimizers[i].step(objective.parameters, gradients)
      if i == 0 { first = loss.item }
    }
    steps += 1
    return first
  }

  /// One pass over the data in a fresh order, in batches of `batchSize` (the last one smaller).
  /// - Returns: the mean loss of the batches, weighted by their sizes.
  /// - Throws: ``ModelError/diverged(epoch:loss:)``.
  public mutating func epoch(_ number: Int, _ data: TrainingData, batchSize: Int) throws -> Double {
    let count = data.count
    let order = RandomStream(seed: seed, purpose: .dataOrder, index: number).permutation(count)
    var total = 0.0
    for start in stride(from: 0, to: count, by: batchSize) {
      let chosen = Array(order[start..<min(count, start + batchSize)])
      total += try step(data.batch(chosen)) * Double(chosen.count)
    }
    let mean = total / Double(count)
    guard mean.isFinite else { throw ModelError.diverged(epoch: number, loss: mean) }
    return mean
  }

  /// The optimizers' state and the number of steps done: with the parameters all that the next step depends on.
  public var state: [NamedTensor] {
    get {
      optimizers.enumerated().flatMap { i, optimizer in
        optimizer.state.map { NamedTensor("optimizer.\(i).\($0.name)", $0.tensor) }
      } + [NamedTensor("steps", Tensor([steps], [1]))]
    }
    set {
      for i in optimizers.indices {
        let prefix = "optimizer.\(i)."
        optimizers[i].state = newValue.filter { $0.name.hasPrefix(prefix) }
          .map { NamedTensor(String($0.name.dropFirst(prefix.count)), $0.tensor) }
      }
      steps = newValue.first { $0.name == "steps" }?.tensor.ints.first ?? 0
    }
  }
}
