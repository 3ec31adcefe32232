import ArgumentParser
import Evaluation
import Experiments
import Formats
import Models
import Runs
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

  @Option(
    name: .long,
    help:
      "Of embeddings: also fit a linear head by gradient descent in so many passes over parts of the images, as SimCLR's reference does in 100."
  )
  var headEpochs: Int?

  @Option(
    name: .long,
    help: "Of embeddings: also attack 256 test samples through a linear head, with changes of at most this.")
  var headEpsilon: Double?

  func validate() throws {
    if let headEpochs, !(1...100_000 ~= headEpochs) {
      throw ValidationError("--head-epochs is \(headEpochs); it must be from 1 to 100000")
    }
    if let headEpsilon, !(headEpsilon > 0 && headEpsilon <= 1) {
      throw ValidationError("--head-epsilon is \(headEpsilon); it must be above 0 and at most 1")
    }
  }

  func run() throws {
    let dataset = try data.load()
    try work.prepare()
    let test = dataset.test.tensor(on: try work.place())
    let model = try subject.load(for: dataset, samples: test, use: nil)
    dataset.sayNotes()
    model.sayGuesses()
    if model.outputs.contains(.projection) {
      let device = test.device
      try judgeEmbeddings(
        model, dataset.name, train: TrainingData(dataset.train, device: device),
        test: TrainingData(dataset.test, device: device))
      return
    }
    if headEpochs != nil || headEpsilon != nil {
      throw ValidationError(
        "\(model.name) has no embeddings for a head to stand on: leave --head-epochs and --head-epsilon out")
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

  private func judgeEmbeddings(_ model: any Model, _ name: String, train: TrainingData, test: TrainingData)
    throws
  {
    let judge = try EmbeddingJudge(model, train), quality = try judge.quality(of: test)
    var found = JudgedEmbeddings(quality: quality)
    if let headEpochs {
      var settings = TrainedHead.Settings()
      settings.epochs = headEpochs
      let interrupts = Interrupts(farewell: "interrupted")
      let head = try interrupts.guarding {
        try TrainedHead(model, train, settings: settings) { interrupts.requested != nil }
      }
      let predicted = head.predict(try embeddings(model, test.samples))
      found.trainedHead = mean(zip(predicted, test.labels ?? []).map { $0 == $1 ? 1.0 : 0 })
    }
    if let headEpsilon {
      found.robust = try HeadedEncoder(judge).robustAccuracy(
        test, epsilon: headEpsilon, threads: work.threadCount)
    }
    guard !work.json else { return print(try JSON.text(found)) }
    print(
      "\(quality.testSamples) test samples of \(name), judged by \(quality.trainSamples) for training: \(quality.text)"
    )
    if let share = found.trainedHead {
      print("a linear head by gradient descent tells \(share.text(.percent(1))) right")
    }
    if let share = found.robust {
      print("under projected gradient descent a linear head tells \(share.text(.percent(1))) right")
    }
  }
}

/// What was found of embeddings, in one object.
private struct JudgedEmbeddings: Encodable {
  var quality: EmbeddingQuality
  var trainedHead: Double?
  var robust: Double?

  private enum Keys: CodingKey { case trainedHead, robust }

  func encode(to encoder: any Encoder) throws {
    try quality.encode(to: encoder)
    var more = encoder.container(keyedBy: Keys.self)
    try more.encodeIfPresent(trainedHead, forKey: .trainedHead)
    try more.encodeIfPresent(robust, forKey: .robust)
  }
}
