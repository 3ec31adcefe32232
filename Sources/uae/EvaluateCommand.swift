import ArgumentParser
import Evaluation
import Formats
import Models
import Torch

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract:
      "The error of a model on a data set's test samples: of the reconstruction, of the classes, or of classes told from embeddings."
  )

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions

  @OptionGroup var subject: ModelOptions

  func run() throws {
    let dataset = try data.load()
    try work.prepare()
    let test = dataset.test.tensor(on: try work.place())
    let model = try subject.load(for: dataset, samples: test, use: nil)
    dataset.sayNotes()
    model.sayGuesses()
    if model.outputs.contains(.projection) {
      let device = test.device
      let quality = try embeddingQuality(
        model, train: TrainingData(dataset.train, device: device),
        test: TrainingData(dataset.test, device: device))
      print(
        work.json
          ? try JSON.text(quality)
          : "\(quality.testSamples) test samples of \(dataset.name), judged by \(quality.trainSamples) for training: \(quality.text)"
      )
      return
    }
    let errors = try sampleErrors(
      model, TrainingData(test, labels: dataset.labels(of: dataset.test, for: model)))
    if work.json {
      let summary = try Summary(errors)
      struct Result: Encodable {
        var samples: Int
        var error: [String: Double]
      }
      print(
        try JSON.text(
          Result(
            samples: errors.count,
            error: ["mean": summary.mean, "standardDeviation": summary.standardDeviation])))
    } else {
      print("\(errors.count) test samples of \(dataset.name): \(try model.text(errors))")
    }
  }
}
