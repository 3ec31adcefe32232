import Torch

/// Trains a model, batch after batch, from a state that can be saved and restored between any two steps.
public struct Trainer: Sendable {
  /// What is trained, step by step.
  public let model: any TrainableModel
  private let objectives: [Objective]
  private var optimizers: [any Optimizer]
  private let seed: UInt64
  /// The processes that train the model together.
  private let group: (any ProcessGroup)?
  /// Steps done so far.
  public private(set) var steps = 0

  /// - Parameters:
  ///   - optimizer: replaces the model's own, with its schedule, for every objective.
  ///   - schedule: of this training; it multiplies the model's own.
  ///   - seed: of the noise that some losses draw.
  public init(
    _ model: any TrainableModel, optimizer: OptimizerConfiguration? = nil,
    schedule: LearningRateSchedule = .constant, seed: UInt64
  ) {
    self.model = model
    self.seed = seed
    group = (model as? ContrastiveEncoder)?.group
    objectives = model.objectives
    optimizers = objectives.map { (optimizer ?? $0.optimizer).makeOptimizer() }
    rates = objectives.map { objective in
      let full = (optimizer ?? objective.optimizer).learningRate
      let own = optimizer == nil ? objective.schedule : .constant
      return { full * schedule.factor($0) * own.factor($0) }
    }
  }

  /// The learning rate of each objective at a step.
  private let rates: [@Sendable (Int) -> Double]

  /// One step of every objective on a batch.
  /// - Returns: the first objective's loss before its step.
  @discardableResult
  public mutating func step(_ batch: Batch) throws -> Double {
    var first = 0.0
    let random = RandomStream(seed: seed, purpose: .training, index: steps)
    for (i, objective) in objectives.enumerated() {
      let loss = try withGrad { try objective.loss(batch, random) }
      var gradients = try gradOrZeros(loss, objective.parameters)
      if let group { gradients = try Self.summed(gradients, over: group) }
      optimizers[i].learningRate = rates[i](steps)
      optimizers[i].step(objective.parameters, gradients)
      if i == 0 { first = loss.item }
    }
    steps += 1
    return first
  }

  /// The sums of gradients over all processes, by one message.
  package static func summed(_ gradients: [Tensor], over group: any ProcessGroup) throws -> [Tensor] {
    guard group.count > 1, let first = gradients.first else { return gradients }
    let all = try withoutGrad { try group.sum(concatenated(gradients.map { $0.reshaped([-1]) }).floats) }
    let sums = Tensor(all, [all.count]).to(first.device)
    var start = 0
    return gradients.map { gradient in
      defer { start += gradient.count }
      return sums[start..<start + gradient.count].reshaped(gradient.shape)
    }
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

  private static let companion = "companion."

  /// The optimizers' state, what the model has for its training alone and the number of steps done: with parameters and buffers all that the next step depends on.
  public var state: [NamedTensor] {
    get {
      optimizers.enumerated().flatMap { i, optimizer in
        optimizer.state.map { NamedTensor("optimizer.\(i).\($0.name)", $0.tensor) }
      } + model.companions.map { NamedTensor(Self.companion + $0.name, $0.tensor) }
        + [NamedTensor("steps", Tensor([steps], [1]))]
    }
    set {
      for i in optimizers.indices {
        let prefix = "optimizer.\(i)."
        optimizers[i].state = newValue.filter { $0.name.hasPrefix(prefix) }
          .map { NamedTensor(String($0.name.dropFirst(prefix.count)), $0.tensor) }
      }
      for own in model.companions {
        guard let saved = newValue.first(where: { $0.name == Self.companion + own.name }) else { continue }
        withoutGrad { own.tensor.assign(saved.tensor) }
      }
      steps = newValue.first { $0.name == "steps" }?.tensor.ints.first ?? 0
    }
  }
}
