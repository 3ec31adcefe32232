import Evaluation
import Models
import Torch

/// Trains a model from scratch on data and on the examples of an arm, by a schedule.
struct Retraining {
  let model: any TrainableModel
  private let schedule: Schedule
  private let seed: UInt64
  private let train: TrainingData
  private let validation: TrainingData
  private let measure: (any Model) throws -> Experiment.Errors
  /// The errors after half of the passes over data and examples.
  private(set) var halfway: Experiment.Errors?
  private(set) var course: [Experiment.Point] = []
  /// The mean error on augmented halves over the last tenth; on originals where there are none.
  private(set) var diversity: Double?
  /// Augmented samples of the last batches.
  private(set) var lastAugmented: TrainingData?
  /// Without the making of examples and the measuring.
  private(set) var seconds = 0.0

  init(
    model: any TrainableModel, schedule: Schedule, seed: UInt64, parts: DataPart.Parts,
    measure: @escaping (any Model) throws -> Experiment.Errors
  ) {
    self.model = model
    self.schedule = schedule
    self.seed = seed
    train = parts.train
    validation = parts.validation
    self.measure = measure
  }

  mutating func run(_ maker: inout ExampleMaker, _ context: CellContext) throws {
    if schedule.epochs != nil {
      try runEpochs(&maker, context)
    } else {
      try runUpdates(&maker, context)
    }
  }

  /// The optimiser's steps that the schedule takes with an arm.
  func updates(_ arm: Arm) -> Int {
    schedule.steps(samples: arm.source == .original ? train.count : 2 * train.count)
  }

  // MARK: - Data and examples mixed

  private mutating func runEpochs(_ maker: inout ExampleMaker, _ context: CellContext) throws {
    guard let epochs = schedule.epochs else { return }
    let size = maker.arm.source == .original ? train.count : 2 * train.count
    var trainer = schedule.makeTrainer(model, samples: size, seed: seed)
    var sets = mixed(maker)
    for epoch in 0..<epochs {
      try context.checkCancelled()
      if try maker.refresh(pass: epoch, model: model) { sets = mixed(maker) }
      let set = sets[epoch % sets.count]
      seconds += try elapsed { _ = try trainer.epoch(epoch, set, batchSize: schedule.batchSize) }
      if 2 * (epoch + 1) == epochs { halfway = try measure(model) }
    }
  }

  /// The data of the epochs, which take the copies in turn: half of what the model sees is original, and the number of
  /// steps does not depend on the number of copies.
  private func mixed(_ maker: ExampleMaker) -> [TrainingData] {
    switch maker.arm.source {
    case .original: [train]
    case .none: [train.appending(train)]
    case .mixup: [train.appending(TrainingData(Mixup.once(train.samples, seed: seed)))]
    default:
      maker.sets.isEmpty
        ? [train]
        : maker.sets.map { set in
          train.appending(TrainingData(set, labels: set.shape[0] == train.count ? train.labels : nil))
        }
    }
  }

  // MARK: - Half of each batch original

  private mutating func runUpdates(_ maker: inout ExampleMaker, _ context: CellContext) throws {
    guard let updates = schedule.updates else { return }
    let half = maker.arm.addsExamples ? schedule.batchSize / 2 : schedule.batchSize
    var trainer = schedule.makeTrainer(model, samples: train.count, seed: seed)
    var originals = Passes(count: train.count, seed: seed, purpose: .dataOrder)
    var pool = Pool(maker, seed: seed)
    var measured: [Double] = []
    var shown: [Tensor] = []
    for update in 0..<updates {
      try context.checkCancelled()
      let batch = train.batch(originals.next(half))
      if try maker.refresh(pass: originals.pass, model: model) { pool.refill(maker) }
      var added: Tensor?
      switch maker.arm.source {
      case .original, .none: break
      case .noise:
        let x = batch.samples
        let noise = RandomStream(seed: seed, purpose: .augmentation, index: update).normal(x.count)
        added = withoutGrad { (x + Tensor(noise, x.shape) * (maker.arm.sigma ?? 0)).clamped(0...1) }
      case .mixup: added = Mixup.batch(batch.samples, of: train.samples, seed: seed, update: update)
      case .starts, .attack, .untrained, .online: added = pool.next(half)
      }
      seconds += try elapsed {
        _ = try trainer.step(added.map { Batch(concatenated([batch.samples, $0])) } ?? batch)
      }
      // The last tenth, every tenth update: what the training ends on.
      if update >= updates - max(1, updates / 10), (updates - 1 - update) % 10 == 0 {
        let last = TrainingData(added ?? batch.samples, labels: added == nil ? batch.labels?.ints : nil)
        measured.append(mean(try sampleErrors(model, last)))
        if let added { shown.append(added) }
      }
      if validation.count > 0, (update + 1) % max(1, updates / 10) == 0 {
        course.append(.init(updates: update + 1, validation: mean(try sampleErrors(model, validation))))
      }
    }
    let last = mean(measured)
    guard last.isFinite else { throw ModelError.diverged(epoch: originals.pass, loss: last) }
    diversity = last
    lastAugmented = shown.isEmpty ? nil : TrainingData(concatenated(Array(shown.suffix(10))))
  }
}

/// All examples of an arm, drawn in passes.
private struct Pool {
  private var samples: Tensor?
  private var order: Passes
  private let seed: UInt64

  init(_ maker: ExampleMaker, seed: UInt64) {
    self.seed = seed
    order = Passes(count: maker.set.shape[0], seed: seed, purpose: .augmentation)
    if !maker.sets.isEmpty { refill(maker) }
  }

  mutating func refill(_ maker: ExampleMaker) {
    // Where every attack failed the originals stand alone.
    let made = maker.sets.isEmpty ? maker.set : concatenated(maker.sets)
    samples = made
    if order.count != made.shape[0] {
      order = Passes(count: made.shape[0], seed: maker.currentSeed, purpose: .augmentation)
    }
  }

  mutating func next(_ count: Int) -> Tensor? { samples.map { $0.gathered(order.next(count)) } }
}

/// The wall-clock seconds that the body takes.
func elapsed(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  return (ContinuousClock.now - start) / .seconds(1)
}
