import ArgumentParser
import Evaluation
import Foundation
import Models
import Torch

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained model, or the estimators of information.",
    subcommands: [EvaluateModelCommand.self, EvaluateEstimatorsCommand.self],
    defaultSubcommand: EvaluateModelCommand.self)
}

struct EvaluateModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Reconstruction error of a checkpoint on a data set's test samples.")

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions

  @Option(name: .long, help: "A checkpoint that `uae train` or `uae augment` wrote.")
  var checkpoint: String

  func run() throws {
    let dataset = try data.load()
    try work.prepare()
    let model = try Checkpoint.read(checkpoint).model
    guard model.architecture.sampleShape == dataset.sampleShape else {
      throw ModelError.checkpoint(
        path: checkpoint,
        "it takes samples of shape \(model.architecture.sampleShape), \(dataset.name) has \(dataset.sampleShape)"
      )
    }
    let test = Tensor(dataset.test.values, [dataset.test.count] + dataset.sampleShape)
    let errors = reconstructionErrors(model, test)
    let summary = try Summary(errors)
    if work.json {
      print(
        "{\"samples\": \(errors.count), \"reconstructionError\": {\"mean\": \(summary.mean), "
          + "\"standardDeviation\": \(summary.standardDeviation)}}")
    } else {
      print("\(errors.count) test samples of \(dataset.name): reconstruction error \(summary)")
    }
  }
}
