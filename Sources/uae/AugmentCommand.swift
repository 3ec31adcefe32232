import ArgumentParser
import Attacks
import Evaluation
import Experiments
import Foundation
import Models
import Reports
import Runs

struct AugmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "augment",
    abstract:
      "Train a model, attack its training set, retrain it on the examples, and compare on the same test set.",
    discussion:
      "Without arguments it works on the embedded digits. Given again after an interruption it continues.")

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var recipe: RecipeOptions

  @Option(name: .long, help: "\(ModelFamilies.list).")
  var model = ModelFamilies.usual.name

  @Option(name: .long, help: "Length of the code (default: the authors').")
  var code: Int?

  @Option(
    name: .long, help: "Passes over the data in each training (default: the authors', more for small sets).")
  var epochs: Int?

  @Option(name: .long, help: "Samples per training step.")
  var batchSize = 100

  @Option(name: .long, help: "The first seed.")
  var seed: UInt64 = 1

  @Option(name: .long, help: "Repeat with N seeds and report mean and standard deviation.")
  var seeds = 1

  @Option(name: .long, help: "The run's folder (default: runs/augment-DATASET-MODEL-RECIPE).")
  var out: String?

  @Flag(
    name: .long,
    help: "Continue an interrupted run (it also happens by itself when the command is given again).")
  var resume = false

  func validate() throws {
    if !(1...10_000 ~= seeds) { throw ValidationError("--seeds is \(seeds); it must be from 1 to 10000") }
    if let code, code < 1 { throw ValidationError("--code is \(code); it must be at least 1") }
  }

  func run() throws {
    let recipe = try self.recipe.load(.augmentation)
    let dataset = try data.load()
    try work.prepare()
    let plan = try AugmentPlan(
      dataset, model: model, code: code, recipe: recipe,
      training: .init(epochs: epochs, batchSize: batchSize),
      seeds: (0..<UInt64(seeds)).map { seed + $0 }, threads: work.threadCount)
    let name = URL(fileURLWithPath: data.dataset).deletingPathExtension().lastPathComponent
    let folder = out ?? "runs/augment-\(name)-\(model)-\(recipe.name)"
    if resume, !FileManager.default.fileExists(atPath: folder + "/recipe.yaml") {
      throw ValidationError("--resume: \(folder) holds no run")
    }
    let interrupts = Interrupts(
      farewell: "interrupted; everything so far is in \(folder): give the same command again")
    let progress = work.progress(interrupts)
    for note in dataset.notes { progress.note("\(dataset.name): \(note)") }
    let outcome = try interrupts.guarding { try AugmentRun(plan, folder: folder).run(progress: progress) }
    if dataset.sampleShape.count == 3 {
      try AugmentPictures.write(plan, outcome, to: folder + "/examples.png")
    }
    if work.json {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/results.json"))
      print(String(decoding: bytes, as: UTF8.self))
    } else {
      try AugmentSummary.print(plan, outcome, folder: folder)
    }
    if outcome["attack.successRate"]?.mean == 0 {
      throw RecipeError(
        "no sample was attacked successfully with \(recipe.name) (start \(recipe.start.name), "
          + "\(recipe.solver)): the retrained model saw only originals; "
          + "try a smaller --kappa, another --start or more --iterations")
    }
  }
}
