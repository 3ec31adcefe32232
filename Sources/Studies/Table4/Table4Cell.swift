import Attacks
import Augmentation
import Datasets
import Foundation
import Models
import Torch

/// One figure of Table 4: train Φ from scratch, make examples of all training samples, retrain from scratch on data and
/// examples, and measure on the untouched test set.
public struct Table4Cell: StudyCell, Equatable {
  public var dataset: String
  /// Training samples, the first of the set; nil for all.
  public var samples: Int?
  /// `sparse`, `dense`, `conv` or `adversarial`.
  public var model: String
  public var arm: Table4Arm
  /// Of the initial weights, the order of the data and the examples; arms of one seed are paired.
  public var seed: UInt64
  /// Passes over the training set, original or doubled.
  public var epochs: Int
  public var batchSize: Int
  /// The recipe of the examples, complete, where the arm has one.
  public var recipe: AttackSettings?

  public var label: String { "\(dataset)/\(model)/\(arm.rawValue)/seed-\(seed)" }

  /// Errors of a trained model: means over samples of the mean squared difference of an image's values.
  public struct Errors: Codable, Equatable, Sendable {
    public var test: Double
    public var train: Double
    /// On the test set, class by class; empty where the set has no classes.
    public var perClass: [Double]
  }

  public struct Outcome: Codable, Sendable {
    /// SHA-256 of the data's files.
    public var data: String
    /// What must be known of the data: parts that are missing, a split of our own.
    public var notes: [String]
    public var trainCount: Int
    public var testCount: Int
    /// After all epochs, and the optimiser steps that they took.
    public var trained: Errors
    public var steps: Int
    /// After as many steps as the original model is trained for.
    public var equalSteps: Errors
    public var examples: ExampleFigures?
    public var trainingSeconds: Double
    public var attackSeconds: Double
  }

  /// What decides the original model, which all arms of a seed share.
  private struct OriginalKey: Encodable {
    var original = "table4"
    var dataset: String
    var samples: Int?
    var model: String
    var seed: UInt64
    var epochs: Int
    var batchSize: Int
  }

  public func run(_ context: CellContext) throws -> Outcome {
    let entry = try context.data.load(dataset, limit: samples)
    guard let kind = Table4Plan.rowNames[model] else { throw StudyError.settings("'\(model)' is no row") }
    let architecture = Architecture(kind: kind, sampleShape: entry.dataset.sampleShape)
    let original = try originalModel(architecture, entry, context)
    var examples: Examples?
    var set = entry.train
    let attackSeconds = try seconds {
      examples = try makeExamples(of: entry.train, against: original, context)
      if let examples {
        set = concatenated([entry.train, examples.perturbed])
      } else if arm == .repeated {
        set = concatenated([entry.train, entry.train])
      }
    }
    var retrained = original
    var halfway: Errors?
    var trainingSeconds = 0.0
    let stepsAnEpoch = (set.shape[0] + batchSize - 1) / batchSize
    if arm != .original {
      trainingSeconds = try seconds {
        retrained = try train(architecture, on: set, context) { epoch, model in
          if 2 * epoch == epochs { halfway = errors(of: model, entry) }
        }
      }
    }
    let trained = errors(of: retrained, entry)
    if let examples {
      try Table4Pictures.save(
        cell: self, original: original, retrained: retrained, examples: examples, entry: entry, context)
    }
    return Outcome(
      data: entry.dataset.digest, notes: entry.dataset.notes, trainCount: entry.dataset.train.count,
      testCount: entry.dataset.test.count, trained: trained, steps: epochs * stepsAnEpoch,
      equalSteps: halfway ?? trained, examples: examples?.figures, trainingSeconds: trainingSeconds,
      attackSeconds: attackSeconds)
  }

  private func originalModel(
    _ architecture: Architecture, _ entry: DatasetCache.Entry, _ context: CellContext
  ) throws -> any Autoencoder {
    let key = OriginalKey(
      dataset: dataset, samples: samples, model: model, seed: seed, epochs: epochs, batchSize: batchSize)
    let path = try context.artifact("original-\(dataset)-\(model)-seed-\(seed)", key: key) {
      try Checkpoint(train(architecture, on: entry.train, context)).encoded()
    }
    return try Checkpoint.read(path).model
  }

  /// Trains from scratch with the authors' loss, optimiser and batches; every arm of a seed begins with the same weights.
  private func train(
    _ architecture: Architecture, on set: Tensor, _ context: CellContext,
    afterEpoch: (Int, any Autoencoder) -> Void = { _, _ in }
  ) throws -> any Autoencoder {
    let model = try architecture.makeModel(seed: seed)
    var trainer = Trainer(model, seed: seed)
    for epoch in 0..<epochs {
      try context.checkCancelled()
      _ = try trainer.epoch(epoch, set, batchSize: batchSize)
      afterEpoch(epoch + 1, model)
    }
    return model
  }

  private func errors(of model: any Autoencoder, _ entry: DatasetCache.Entry) -> Errors {
    let test = reconstructionErrors(model, entry.test)
    let classes = entry.dataset.classNames.count
    var sums = [Double](repeating: 0, count: classes)
    var counts = [Double](repeating: 0, count: classes)
    for (error, label) in zip(test, entry.dataset.test.labels ?? []) where label < classes {
      sums[label] += error
      counts[label] += 1
    }
    return Errors(
      test: mean(test), train: mean(reconstructionErrors(model, entry.train)),
      perClass: zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan })
  }
}
