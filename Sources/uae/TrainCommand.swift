import ArgumentParser
import Attacks
import Evaluation
import Experiments
import Formats
import Foundation
import Models
import Runs
import Torch

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model, on a data set alone or together with a run's UAEs."
  )

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var logging: LogOptions

  @Option(name: .long, help: "The model: \(ModelFamilies.list).")
  var family = ModelFamilies.usual.name

  @Option(name: .long, help: "Length of the code (default: the authors').")
  var code: Int?

  @Option(name: .long, help: "Passes over the data (default: the authors', more for small sets).")
  var epochs: Int?

  @Option(name: .long, help: "Samples per training step (default: 100; contrastive models 256 or 512).")
  var batchSize: Int?

  @Option(name: .long, help: "Seed of the parameters and of the order of the data.")
  var seed: UInt64 = 1

  @Option(name: .long, help: "A run of `uae attack` whose examples are added to the data.")
  var augment: String?

  @Option(
    name: .long,
    help:
      "How a contrastive model is given them: view (one of a pair's, for half the samples), third (a view more) or appended (as published: samples of their own)."
  )
  var augmentAs: ExampleUse?

  @Option(name: .long, help: "The checkpoint to write.")
  var out: String

  func run() throws {
    let chosen = try ModelFamilies.named(family)
    let shared = try SharedTraining(chosen)
    let dataset = try data.load(isQuiet: !shared.isFirst)
    try work.prepare()
    let settings = TrainingSettings(epochs: epochs, batchSize: batchSize ?? chosen.batchSize)
    try settings.validate()
    let device = try work.place()
    let whole = TrainingData(dataset.train, device: device)
    let train =
      try augment.map { try AugmentedData(whole, chosen, run: $0, on: dataset, use: augmentAs, seed: seed) }
      ?? AugmentedData(whole, seed: seed)
    let architecture = Architecture(
      chosen, sampleShape: dataset.sampleShape, code: code, classes: dataset.classNames.count)
    let count =
      epochs
      ?? TrainingSettings.defaultEpochs(chosen, samples: train.count, batchSize: settings.batchSize)
    let interrupts = Interrupts(farewell: "interrupted; give the same command again to continue")
    if FileManager.default.fileExists(atPath: out) {
      throw ModelError.settings("\(out) exists; choose another --out or delete it")
    }
    let log = shared.isFirst ? logging.log(nil) : nil
    let trained = try interrupts.guarding {
      var training = ModelTraining(
        "training \(family)", architecture: architecture, settings: settings, seed: seed, path: out)
      training.device = device
      training.warmUp = chosen.warmUp
      training.group = shared.group
      training.adjusting = train.adjust
      if shared.isFirst { training.monitor = EmbeddingMonitor(train.plain, epochs: count)?.callAsFunction }
      return try training.run(
        epochs: count, samples: train.count,
        progress: shared.isFirst
          ? work.progress(interrupts, log: log)
          : RunProgress(style: .quiet, isCancelled: { interrupts.requested != nil })
      ) { epoch, _ in train(epoch) }
    }
    shared.group?.end()
    guard shared.isFirst else { return }
    let test = TrainingData(dataset.test, device: device)
    if trained.outputs.contains(.projection) {
      // Without classes, or with one alone, an encoder is trained all the same, and there is nothing to judge it by.
      let quality =
        Set(whole.labels ?? []).count < 2 || test.labels == nil
        ? nil : try EmbeddingJudge(trained, whole).quality(of: test)
      for (name, value) in quality?.figures ?? [] { log?.scalar("test/\(name)", value, step: count) }
      return try report(
        quality,
        quality.map { "on the test set, \($0.text)" }
          ?? "no labels to judge embeddings by, or one class alone")
    }
    let errors = try sampleErrors(trained, test)
    log?.scalar("test/error", mean(errors), step: count)
    log?.histogram("test/error of a sample", errors, step: count)
    if log?.showsMore == true,
      let image = try? LoggedPictures.rebuilt(trained, dataset.test.tensor(on: device))
    {
      log?.image("test/originals and reconstructions", image, step: count)
    }
    try report(["error": mean(errors)], "on the test set, \(try trained.text(errors))")
  }

  /// - Parameters:
  ///   - figures: of the test samples; nil where there is nothing to judge by.
  ///   - text: the same for people.
  private func report(_ figures: (some Encodable)?, _ text: String) throws {
    print(work.json ? try JSON.text(TrainResult(checkpoint: out, test: figures)) : "\(out): \(text)")
  }
}

/// What a training tells other programs.
private struct TrainResult<Figures: Encodable>: Encodable {
  var checkpoint: String
  var test: Figures?
}
