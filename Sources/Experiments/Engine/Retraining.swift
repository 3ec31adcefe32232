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
    case .mixup: [train.appending(TrainingData(BatchAugmentation.mixup(train.samples, seed: seed)))]
    default:
      maker.sets.isEmpty
        ? [train]
        : zip(maker.sets, maker.rows).map { set, rows in
          train.appending(TrainingData(set, labels: train.labels.map { labels in rows.map { labels[$0] } }))
        }
    }
  }

  // MARK: - Half of each batch original

  private mutating func runUpdates(_ maker: inout ExampleMaker, _ context: CellContext) throws {
    guard let updates = schedule.updates else { return }
    let half = maker.arm.addsExamples ? schedule.batchSize / 2 : schedule.batchSize
    var trainer = schedule.makeTrainer(model, samples: train.count, seed: seed)
    var originals = Passes(count: train.count, seed: seed, purpose: .dataOrder)
    var pool = Pool(maker, of: train, seed: seed)
    var measured: [Double] = []
    var shown: [Batch] = []
    for update in 0..<updates {
      try context.checkCancelled()
      let adds = Double(update) >= (maker.arm.after ?? 0) * Double(updates)
      let batch = train.batch(originals.next(adds ? half : schedule.batchSize))
      var added: Batch?
      if adds, maker.arm.addsExamples {
        if try maker.refresh(pass: originals.pass, model: model) { pool.refill(maker) }
        if let augmentation = maker.arm.augmentation {
          added = batch
          added?.samples = augmentation(
            batch.samples, at: batch.indices, of: train.samples, seed: seed, update: update)
          // A mixture has no class of its own.
          if maker.arm.source == .mixup { added?.labels = nil }
        } else {
          added = pool.next(half)
        }
        if maker.arm.clean != true, let samples = added?.samples { added?.targets = samples }
      }
      seconds += try elapsed { _ = try trainer.step(added.map(batch.appending) ?? batch) }
      // The last tenth, every tenth update: what the training ends on.
      if update >= updates - max(1, updates / 10), (updates - 1 - update) % 10 == 0 {
        let last = added ?? batch
        measured.append(mean(try sampleErrors(model, TrainingData(last.samples, labels: last.labels?.ints))))
        if let added { shown.append(added) }
      }
      if validation.count > 0, (update + 1) % max(1, updates / 10) == 0 {
        course.append(.init(updates: update + 1, validation: mean(try sampleErrors(model, validation))))
      }
    }
    let last = mean(measured)
    guard last.isFinite else { throw ModelError.diverged(epoch: originals.pass, loss: last) }
    diversity = last
    let seen = Array(shown.suffix(10)), labels = seen.compactMap { $0.labels?.ints }
    lastAugmented =
      seen.isEmpty
      ? nil
      : TrainingData(
        concatenated(seen.map(\.samples)), labels: labels.count == seen.count ? labels.flatMap { $0 } : nil)
  }
}

/// All examples of an arm, drawn in passes.
private struct Pool {
  private let train: TrainingData
  private var samples: Tensor
  /// The place of each one's original.
  private var rows: [Int]
  private var order: Passes
  private let seed: UInt64

  init(_ maker: ExampleMaker, of train: TrainingData, seed: UInt64) {
    self.train = train
    self.seed = seed
    samples = train.samples
    rows = Array(0..<train.count)
    order = Passes(count: train.count, seed: seed, purpose: .augmentation)
    if !maker.sets.isEmpty { refill(maker) }
  }

  mutating func refill(_ maker: ExampleMaker) {
    // Where every attack failed the originals stand alone.
    samples = maker.sets.isEmpty ? train.samples : concatenated(maker.sets)
    rows = maker.sets.isEmpty ? Array(0..<train.count) : maker.rows.flatMap { $0 }
    if order.count != rows.count {
      order = Passes(count: rows.count, seed: maker.currentSeed, purpose: .augmentation)
    }
  }

  /// The next examples, with their originals as targets.
  mutating func next(_ count: Int) -> Batch {
    let chosen = order.next(count)
    var batch = train.batch(chosen.map { rows[$0] })
    batch.samples = samples.gathered(chosen)
    return batch
  }
}

/// The wall-clock seconds that the body takes.
func elapsed(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  return (ContinuousClock.now - start) / .seconds(1)
}
