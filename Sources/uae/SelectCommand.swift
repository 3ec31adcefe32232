import ArgumentParser
import Attacks
import Datasets
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Selection
import Torch

struct SelectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select",
    abstract: "Choose k features that tell most of all others, and say what the choice is worth.",
    discussion: """
      Chosen among the training samples, judged on the test samples; a user's file without parts keeps a fifth for that. \
      Writes a folder: features.json (index, name, rank, gain), mask.npy (what scikit-learn's get_support() gives; \
      `uae attack --mask` takes it), the reduced data in their own form, and decoder.safetensors, a checkpoint that \
      rebuilds samples from the chosen features and can be attacked.
      """)

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions

  @Option(name: .long, help: "How features are chosen: \(FeatureSelectors.list).")
  var method = FeatureSelectors.usual.name

  @Option(name: .long, help: "K: how many features are chosen.")
  var features: Int?

  @Option(
    name: .long,
    help:
      "Choose nothing, but apply and judge this choice: a features.json, or a list of places, names or true and false, or such an array (.npy)."
  )
  var from: String?

  @Option(name: .long, help: "Steps of a concrete autoencoder's training.")
  var steps = ConcreteTraining().steps

  @Option(
    name: .long,
    help: "A run of `uae attack` on the same data: a concrete autoencoder is trained on its examples, too.")
  var augment: String?

  @Option(name: .long, help: "example or original: what a decoder is to make of an example, with --augment.")
  var target = ExampleTarget.example

  @Option(name: .long, help: "Seed of whatever is drawn at random.")
  var seed: UInt64 = 1

  @Option(name: .long, help: "The folder to write (default: runs/select-DATASET-METHOD; with --from: none).")
  var out: String?

  @Flag(name: .long, help: "Replace the choice in an existing folder.")
  var overwrite = false

  func validate() throws {
    if let features, features < 1 {
      throw ValidationError("--features is \(features); it must be at least 1")
    }
    if from == nil, features == nil { throw ValidationError("give --features K, or --from FILE") }
    if from != nil, features != nil { throw ValidationError("give --features or --from, not both") }
    do {
      let selector = try FeatureSelectors.named(method)
      try training.validate()
      guard augment == nil || from == nil && selector.isTrained else {
        throw SelectionError(
          "--augment is for methods with a training: "
            + FeatureSelectors.all.filter(\.isTrained).map(\.name).joined(separator: ", "))
      }
    } catch let error as SelectionError { throw ValidationError("\(error)") }
  }

  private var training: ConcreteTraining {
    var training = ConcreteTraining()
    training.steps = steps
    return training
  }

  private var folder: String? {
    if let out { return out }
    guard from == nil else { return nil }
    let name = URL(fileURLWithPath: data.dataset).deletingPathExtension().lastPathComponent
    return "runs/select-\(name)-\(method)"
  }

  func run() throws {
    if let folder {
      guard overwrite || !FileManager.default.fileExists(atPath: folder + "/features.json") else {
        throw OutputError("--out \(folder) has a choice; give --overwrite to replace it, or another name")
      }
    }
    let dataset = try data.load()
    try work.prepare()
    dataset.sayNotes()
    let device = try work.place()
    let (train, test) = (dataset.train.tensor(on: device), dataset.test.tensor(on: device))
    let examples = try augment.map { try Examples(of: $0, on: dataset) }
    let clock = ContinuousClock()
    let interrupts = Interrupts(farewell: "interrupted; nothing was written")
    let isCancelled: @Sendable () -> Bool = { interrupts.requested != nil }
    let (selection, notes, seconds, model, report, complete) = try interrupts.guarding {
      let start = clock.now
      var problem = try SelectionProblem(
        train, count: features ?? 1, seed: seed, threads: work.threadCount, training: training)
      problem.isCancelled = isCancelled
      for line in problem.warnings { StandardError.write("\(dataset.name): \(line)\n") }
      problem.trainingData = examples.map { augmented(train, $0) }
      let (selection, choice) = try chosen(problem, dataset)
      let seconds = from == nil ? (clock.now - start) / .seconds(1) : nil
      let model = try FeatureDecoder.model(
        selection, choice: choice, samples: train, seed: seed, isCancelled: isCancelled)
      var labels: (train: [Int], test: [Int])?
      if let own = dataset.train.labels, let others = dataset.test.labels { labels = (own, others) }
      func judge(
        _ selection: FeatureSelection, _ decoder: FeatureAutoencoder?, forests: Int
      ) throws -> SelectionReport? {
        guard test.shape[0] > 0 else { return nil }
        return try SelectionReport(
          selection, train: train, test: test, moments: problem.moments, decoder: decoder, labels: labels,
          forests: forests, seed: seed, threads: work.threadCount, isCancelled: isCancelled)
      }
      let all = try FeatureSelection(
        method: "all", indices: Array(0..<problem.moments.total), total: problem.moments.total)
      return (
        selection, choice?.notes ?? [], seconds, model,
        try judge(selection, model, forests: SelectionReport.forests),
        try labels == nil ? nil : judge(all, nil, forests: 1)
      )
    }
    let written = try folder.map { try write(selection, model, dataset, to: $0) } ?? []
    if work.json {
      struct Result: Encodable {
        var method: String
        var total: Int
        var features: [FeatureSelection.Feature]
        var report: SelectionReport?
        var reportOfAll: SelectionReport?
        var notes: [String]
        var seconds: Double?
        var files: [String]
      }
      print(
        try JSON.text(
          Result(
            method: selection.method, total: selection.total, features: selection.features, report: report,
            reportOfAll: complete, notes: notes, seconds: seconds, files: written)))
    } else {
      SelectCommand.say(selection, notes, seconds, report, complete, dataset)
      if !written.isEmpty { print("\(folder ?? ""): \(written.joined(separator: ", "))") }
    }
  }

  /// What `--from` says, or what the method finds.
  private func chosen(
    _ problem: SelectionProblem, _ dataset: Dataset
  ) throws -> (FeatureSelection, FeatureSelector.Choice?) {
    if let from {
      return (
        try SelectionFile.read(from, total: problem.moments.total, names: dataset.featureNames), nil
      )
    }
    let (selection, choice) = try FeatureSelectors.named(method).select(problem, names: dataset.featureNames)
    return (selection, choice)
  }

  /// The samples and the examples, each with what a decoder is to make of it.
  private func augmented(_ train: Tensor, _ examples: Examples) -> ConcreteData {
    let made = examples.perturbed.to(train.device)
    return ConcreteData(
      concatenated([train, made]),
      targets: concatenated([train, target == .example ? made : train.gathered(examples.index)]))
  }

  /// Writes all files of a choice.
  /// - Returns: their names.
  private func write(
    _ selection: FeatureSelection, _ model: FeatureAutoencoder, _ dataset: Dataset, to folder: String
  ) throws -> [String] {
    // All samples of a user's file, which were split for judging.
    let reduced = ReducedData(try data.load(whole: true, isQuiet: true), selection)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let name = "reduced.\(reduced.ending)"
    try reduced.write(to: "\(folder)/\(name)")
    try Checkpoint(model).write(to: "\(folder)/decoder.safetensors")
    try SelectionFile.writeMask(selection, shape: dataset.sampleShape, to: "\(folder)/mask.npy")
    try SelectionFile.write(selection, to: "\(folder)/features.json")
    return ["features.json", "mask.npy", name, "decoder.safetensors"]
  }

  private static func say(
    _ selection: FeatureSelection, _ notes: [String], _ seconds: Double?, _ report: SelectionReport?,
    _ complete: SelectionReport?, _ dataset: Dataset
  ) {
    print(
      "\(dataset.name): \(selection.features.count) of \(selection.total) features by \(selection.method)"
        + (seconds.map { " in \($0.text(.general(2))) s" } ?? ""))
    for note in notes { print("  \(note)") }
    for feature in selection.features.prefix(10) {
      let gain = feature.gain.map { ": \((100 * $0).text(.decimals(1))) % of the variance" } ?? ""
      print("  \(feature.rank). \(feature.name)\(gain)")
    }
    if selection.features.count > 10 { print("  …") }
    guard let report else { return print("no test samples: nothing was judged") }
    if let share = report.substitutes {
      print("  \(share.text(.percent(0))) of them have a close substitute among the others (|r| ≥ 0.9)")
    }
    print("on \(dataset.test.count) test samples:")
    print("  linear reconstruction error \(report.linearError.text(.general(4)))")
    if let error = report.decoderError {
      print("  decoder's reconstruction error \(error.text(.general(4)))")
    }
    func percent(_ value: Double?) -> String { value.map { "\((100 * $0).text(.decimals(1))) %" } ?? "" }
    if let summary = try? Summary(report.forestAccuracies) {
      print(
        "  extremely randomised trees \(percent(summary.mean)) ± \((100 * summary.standardDeviation).text(.decimals(1)))"
          + " over \(summary.values.count) forests, with all features \(percent(complete?.forestAccuracy))")
      print(
        "  linear probe \(percent(report.probeAccuracy)), with all features \(percent(complete?.probeAccuracy))"
      )
    }
  }
}

/// What a reconstruction of an example is compared with.
enum ExampleTarget: String, ExpressibleByArgument { case example, original }

extension FeatureSelectors {
  /// The names, each with what it is.
  static var list: String { all.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ") }
}
