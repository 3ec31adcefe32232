import ArgumentParser
import Attacks
import Evaluation
import Experiments
import Formats
import Foundation
import Models
import Reports
import Runs

struct AugmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "augment",
    abstract:
      "Find out what makes a model better on these data, adversarial examples among it, and train it so.",
    discussion:
      "Without arguments it works on the embedded digits. With a named recipe it trains a model, attacks its training "
      + "set, retrains it on the examples, and compares. Given again after an interruption it continues.")

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var logging: LogOptions
  @OptionGroup var recipe: RecipeOptions

  @Option(name: .long, help: "The model: \(ModelFamilies.list).")
  var family = ModelFamilies.usual.name

  @Option(name: .long, help: "Length of the code (default: the authors').")
  var code: Int?

  @Option(name: .long, help: "About how long the search may take: 90s, 3m, 2h (default: 3m).")
  var budget: Duration?

  @Option(name: .long, help: "The search's updates per training, in place of what the budget allows.")
  var updates: Int?

  @Option(
    name: .long,
    help:
      "With a named recipe: passes over the data per training (default: the authors', more for small sets).")
  var epochs: Int?

  @Option(name: .long, help: "Samples per training step.")
  var batchSize = 100

  @Option(name: .long, help: "The first seed.")
  var seed: UInt64 = 1

  @Option(
    name: .long,
    help: "Repeat with N seeds and report mean and standard deviation (default: 6, a named recipe 1).")
  var seeds: Int?

  @Option(name: .long, help: "The run's folder (default: runs/augment-DATASET-FAMILY-RECIPE).")
  var out: String?

  @Flag(
    name: .long,
    help: "Continue an interrupted run (it also happens by itself when the command is given again).")
  var resume = false

  private var searches: Bool {
    recipe.recipe == RecipeOptions.auto || (recipe.recipe == nil && !recipe.isChanged)
  }

  func validate() throws {
    if let seeds, !(1...10_000 ~= seeds) {
      throw ValidationError("--seeds is \(seeds); it must be from 1 to 10000")
    }
    if let code, code < 1 { throw ValidationError("--code is \(code); it must be at least 1") }
    if let updates, !(1...10_000_000 ~= updates) {
      throw ValidationError("--updates is \(updates); it must be from 1 to 10000000")
    }
    if !(2...100_000 ~= batchSize) {
      throw ValidationError("--batch-size is \(batchSize); it must be from 2 to 100000")
    }
    if searches, epochs != nil {
      throw ValidationError("--epochs belongs to a named --recipe; the search takes --updates or --budget")
    }
    if !searches, budget != nil || updates != nil {
      throw ValidationError("--budget and --updates belong to --recipe auto; a named recipe takes --epochs")
    }
  }

  private var name: String { URL(fileURLWithPath: data.dataset).deletingPathExtension().lastPathComponent }

  func run() throws {
    if searches { try search() } else { try runRecipe() }
  }

  private func search() throws {
    let dataset = try data.load()
    try work.prepare()
    let folder = out ?? "runs/augment-\(name)-\(family)-auto"
    if resume, !FileManager.default.fileExists(atPath: folder + "/plan.yaml") {
      throw ValidationError("--resume: \(folder) holds no search")
    }
    let interrupts = Interrupts(
      farewell: "interrupted; everything so far is in \(folder): give the same command again")
    let log = logging.log(folder)
    let progress = work.progress(interrupts, log: log)
    for note in dataset.notes { progress.note("\(dataset.name): \(note)") }
    let request = SearchRun.Request(
      model: family, code: code, batchSize: batchSize, seed: seed, seeds: seeds ?? 6,
      budget: budget?.seconds ?? 180,
      updates: updates, device: try work.place())
    let run = try SearchRun(request, dataset, folder: folder, workers: work.threadCount, progress: progress)
    progress.note("\(run.plan.updates) updates per training; the plan is in \(folder)/plan.yaml")
    let outcome = try interrupts.guarding { try run.run() }
    let results = try outcome.json(dataset)
    log?.text("results", "```\n\(results)\n```")
    try AtomicFile.write(Array((results + "\n").utf8), to: folder + "/results.json")
    if work.json { print(results) } else { try SearchSummary.print(outcome, dataset, folder: folder) }
  }

  private func runRecipe() throws {
    let recipe = try self.recipe.load(.augmentation)
    let dataset = try data.load()
    try work.prepare()
    let plan = try AugmentPlan(
      dataset, model: family, code: code, recipe: recipe,
      training: .init(epochs: epochs, batchSize: batchSize),
      seeds: (0..<UInt64(seeds ?? 1)).map { seed + $0 }, threads: work.threadCount,
      device: try work.place())
    let folder = out ?? "runs/augment-\(name)-\(family)-\(recipe.name)"
    if resume, !FileManager.default.fileExists(atPath: folder + "/recipe.yaml") {
      throw ValidationError("--resume: \(folder) holds no run")
    }
    let interrupts = Interrupts(
      farewell: "interrupted; everything so far is in \(folder): give the same command again")
    let log = logging.log(folder)
    let progress = work.progress(interrupts, log: log)
    for note in dataset.notes { progress.note("\(dataset.name): \(note)") }
    let outcome = try interrupts.guarding { try AugmentRun(plan, folder: folder).run(progress: progress) }
    if dataset.sampleShape.count == 3 {
      try AugmentPictures.write(plan, outcome, to: folder + "/examples.png")
    }
    for (key, summary) in outcome.figures {
      for (index, value) in summary.values.enumerated() { log?.scalar("results/\(key)", value, step: index) }
    }
    if let log, log.showsMore {
      LoggedPictures.log(outcome.examples, of: plan.train.samples, nil, recipe: recipe, to: log)
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
