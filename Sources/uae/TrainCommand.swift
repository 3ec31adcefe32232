import ArgumentParser
import Augmentation
import Foundation
import Models
import Runs
import Torch

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train an autoencoder, on a data set alone or together with a run's UAEs."
  )

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions

  @Option(name: .long, help: "\(AutoencoderKind.allCases.map(\.rawValue).joined(separator: ", ")).")
  var model = AutoencoderKind.dense

  @Option(name: .long, help: "Length of the code (default: the authors').")
  var code: Int?

  @Option(name: .long, help: "Passes over the data (default: the authors', more for small sets).")
  var epochs: Int?

  @Option(name: .long, help: "Samples a training step.")
  var batchSize = 100

  @Option(name: .long, help: "Seed of the parameters and of the order of the data.")
  var seed: UInt64 = 1

  @Option(name: .long, help: "A run of `uae attack` whose examples are added to the data.")
  var augment: String?

  @Option(name: .long, help: "The checkpoint to write.")
  var out: String

  func run() throws {
    let dataset = try data.load()
    try work.prepare()
    let settings = TrainingSettings(epochs: epochs, batchSize: batchSize)
    try settings.validate()
    var train = Tensor(dataset.train.values, [dataset.train.count] + dataset.sampleShape)
    if let augment {
      let status = try RunDirectory(existing: augment)
      let examples = try UAESet(reading: status.records.map { status.shardPath($0.shard) })
      guard Array(examples.perturbed.shape.dropFirst()) == dataset.sampleShape else {
        throw RecipeError(
          "\(augment): its examples have the shape \(examples.perturbed.shape.dropFirst()), the data "
            + "\(dataset.sampleShape)")
      }
      train = concatenated([train, examples.perturbed])
    }
    let architecture = Architecture(kind: model, sampleShape: dataset.sampleShape, code: code)
    let count =
      epochs
      ?? TrainingSettings.defaultEpochs(model, samples: train.shape[0], batchSize: batchSize)
    let interrupts = Interrupts(farewell: "interrupted; give the same command again to continue")
    let report = StageProgress(style: work.style).report(interrupts)
    if FileManager.default.fileExists(atPath: out) {
      throw RecipeError("\(out) exists; choose another --out or delete it")
    }
    let data = train
    do {
      let trained = try ModelTraining(
        "training \(model.rawValue)", architecture: architecture, settings: settings, seed: seed, path: out
      ).run(epochs: count, samples: data.shape[0], report: report) { _, _ in data }
      let test = Tensor(dataset.test.values, [dataset.test.count] + dataset.sampleShape)
      let error = reconstructionErrors(trained, test)
      let mean = error.reduce(0, +) / Double(max(1, error.count))
      print(
        work.json
          ? "{\"checkpoint\": \"\(out)\", \"test\": {\"reconstructionError\": \(mean)}}"
          : "\(out): reconstruction error on the test set \(mean.formatted(significant: 4))")
    } catch is CancellationError {
      throw Interrupted(code: interrupts.requested?.exitCode ?? 130)
    }
  }
}
