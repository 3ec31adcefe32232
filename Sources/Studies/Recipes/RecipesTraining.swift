import Models
import Torch

/// Trains a model with a rate that falls to 0 along half a cosine: the same number of updates, batches and initial
/// weights in every arm.
struct RecipesTraining {
  let model: any Autoencoder
  private var trainer: Trainer
  private let group: RecipesGroup
  private let updates: Int
  private let seed: UInt64
  private(set) var course: [RecipesCell.Point] = []
  /// The mean squared error on augmented halves over the last tenth; on originals where there are none.
  private(set) var diversity = 0.0
  /// Augmented samples of the last batches.
  private(set) var lastAugmented: Tensor?
  /// Without the making of examples and the measuring.
  private(set) var seconds = 0.0

  init(_ group: RecipesGroup, _ architecture: Architecture, updates: Int, seed: UInt64) throws {
    self.group = group
    self.updates = updates
    self.seed = seed
    model = try architecture.makeModel(seed: seed)
    trainer = Trainer(
      model, optimizer: .adam(learningRate: group.learningRate), schedule: .cosine(steps: updates), seed: seed
    )
  }

  mutating func run(
    _ parts: RecipesCell.Parts, _ examples: inout RecipesExamples, _ context: CellContext
  ) throws {
    let half = examples.isEmpty ? group.batchSize : group.batchSize / 2
    var originals = Passes(count: parts.train.shape[0], seed: seed, purpose: .dataOrder)
    var measured: [Double] = []
    var shown: [Tensor] = []
    for update in 0..<updates {
      try context.checkCancelled()
      let batch = parts.train.gathered(originals.next(half))
      let added = try examples.next(for: batch, update: update, pass: originals.pass, model: model)
      seconds += try Studies.seconds {
        _ = try trainer.step(added.map { concatenated([batch, $0]) } ?? batch)
      }
      // The last tenth, every tenth update: what the training ends on.
      if update >= updates - max(1, updates / 10), (updates - 1 - update) % 10 == 0 {
        measured.append(mean(reconstructionErrors(model, added ?? batch)))
        if let added { shown.append(added) }
      }
      if (update + 1) % max(1, updates / 10) == 0 {
        course.append(
          .init(updates: update + 1, validation: mean(reconstructionErrors(model, parts.validation))))
      }
    }
    diversity = mean(measured)
    guard diversity.isFinite else { throw ModelError.diverged(epoch: originals.pass, loss: diversity) }
    lastAugmented = shown.isEmpty ? nil : concatenated(Array(shown.suffix(10)))
  }
}

/// Indices in passes over `count` samples, each pass in an order of its own.
struct Passes {
  let count: Int
  let seed: UInt64
  let purpose: RandomStream.Purpose
  /// The number of the pass that the last index came from, from 0.
  private(set) var pass = -1
  private var open: ArraySlice<Int> = []

  init(count: Int, seed: UInt64, purpose: RandomStream.Purpose) {
    self.count = count
    self.seed = seed
    self.purpose = purpose
  }

  mutating func next(_ wanted: Int) -> [Int] {
    var indices: [Int] = []
    while indices.count < wanted {
      if open.isEmpty {
        pass += 1
        open = RandomStream(seed: seed, purpose: purpose, index: pass).permutation(count)[...]
      }
      let taken = open.prefix(wanted - indices.count)
      indices += taken
      open = open.dropFirst(taken.count)
    }
    return indices
  }
}
