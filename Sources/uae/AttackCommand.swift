import ArgumentParser
import Attacks
import Datasets
import Experiments
import Formats
import Foundation
import Models
import Runs
import Torch

struct AttackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack", abstract: "Make adversarial examples of a data set against a trained model.")

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var recipe: RecipeOptions

  @OptionGroup var subject: ModelOptions

  @Option(name: .long, help: "The seed of all draws.")
  var seed: UInt64 = 1

  @Option(
    name: .long,
    help:
      "The run's folder; or FILE.npz or FILE.safetensors for one file in the data's own range, type and layout."
  )
  var out: String

  @Option(name: .long, help: "This process's number, from 0 (default: from the launcher's environment).")
  var rank: Int?

  @Option(name: .long, help: "How many processes share the run (default: from the launcher's environment).")
  var worldSize: Int?

  @Flag(
    name: .long,
    help: "Continue an interrupted run (it also happens by itself when the command is given again).")
  var resume = false

  func run() throws {
    let recipe = try self.recipe.load()
    let dataset = try data.load(whole: true)
    try work.prepare()
    let originals = Tensor(dataset.train.values, [dataset.train.count] + dataset.sampleShape).to(
      try work.place())
    let subject = try self.subject.load(for: dataset, samples: originals)
    if resume, !FileManager.default.fileExists(atPath: folder + "/manifest.json") {
      throw ValidationError("--resume: \(folder) holds no run")
    }
    let rank = try Rank(
      rank: self.rank, worldSize: worldSize, environment: ProcessInfo.processInfo.environment)
    if isFile, rank.count > 1 {
      throw ValidationError("--out \(out): one file is one process's; give a folder")
    }
    let attack = try recipe.makeAttack(
      on: subject, samples: originals, seed: seed, grid: isFile ? dataset.encoding.grid : nil)
    try ModelInspection.verify(subject, Criteria.registry.named(recipe.criterion.name).needs, originals)
    var run = ["command": "attack", "dataset": dataset.name, "seed": "\(seed)"]
    run.merge(self.subject.identity) { $1 }
    let identity = RunIdentity(
      recipe: try recipe.yaml(run: run), model: try subject.digest(),
      data: "\(dataset.digest)/\(dataset.train.count)",
      software: Software.versions(libtorch: LibTorch.version))
    let interrupts = Interrupts(
      farewell: "interrupted; everything so far is in \(folder): give the same command again")
    let progress = RunProgress(style: work.style)
    let (directory, outcome, timing) = try AttackRun(
      attack, copies: recipe.copies, threads: work.threadCount
    ).run(
      originals, folder: folder, identity: identity, rank: rank, interrupts: interrupts, progress: progress)
    if let interruption = outcome.interruption { throw Interrupted(code: interruption.exitCode) }
    if isFile { try writeFile(directory, dataset, attack, recipe) }
    try report(directory, outcome, timing, recipe)
  }

  private var isFile: Bool { ExampleFile.Format(path: out) != nil }

  /// The run itself; beside a single file it lives until that is complete.
  private var folder: String { isFile ? out + ".run" : out }

  /// Turns a complete run into one file, which then stands for it.
  private func writeFile(
    _ directory: RunDirectory, _ dataset: Dataset, _ attack: Attack, _ recipe: Recipe
  ) throws {
    let file = try ExampleFile(
      Examples(of: directory), of: dataset.train, encoding: dataset.encoding, attack: attack,
      negatesSimilarity: recipe.seeksLikeness,
      classNames: dataset.classNames)
    try file.write(to: out)
    try FileManager.default.removeItem(atPath: folder)
    if file.lost > 0, !work.quiet {
      StandardError.write(
        "\(file.lost) examples no longer succeed as \(dataset.encoding.elementType.rawValue)\n")
    }
  }

  private func report(
    _ directory: RunDirectory, _ outcome: RunOutcome, _ timing: AttackRun.Timing, _ recipe: Recipe
  )
    throws
  {
    let totals = directory.totals
    if work.json {
      print(try JSON.text(totals))
    } else {
      print(
        "\(out): \(totals.samples) of \(totals.samplesPlanned) examples, success rate "
          + "\((totals.successRate * 100).text(.general(4))) %")
      if timing.samples > 0, timing.total > 0 {
        print(
          "\((Double(timing.samples) / timing.wall).text(.general(4))) samples/s; time in the model "
            + "\((timing.criterion / timing.total * 100).text(.general(3))) %, in the similarity "
            + "\((timing.similarity / timing.total * 100).text(.general(3))) %")
      }
    }
    if outcome.isComplete, totals.counts.succeeded == 0 {
      throw RecipeError(
        "no sample was attacked successfully (\(recipe.name)): try a smaller --kappa, another --start or more "
          + "--iterations")
    }
  }
}
