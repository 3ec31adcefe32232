import ArgumentParser
import Augmentation
import Datasets
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

  @Option(name: .long, help: "A checkpoint that `uae train` or `uae augment` wrote.")
  var checkpoint: String

  @Option(name: .long, help: "The seed of all draws.")
  var seed: UInt64 = 1

  @Option(name: .long, help: "The run's folder.")
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
    let dataset = try data.load()
    try work.prepare()
    let model = try Checkpoint.read(checkpoint).model
    guard model.architecture.sampleShape == dataset.sampleShape else {
      throw RecipeError(
        "\(checkpoint) takes samples of shape \(model.architecture.sampleShape), \(dataset.name) has "
          + "\(dataset.sampleShape)")
    }
    if resume, !FileManager.default.fileExists(atPath: out + "/manifest.json") {
      throw ValidationError("--resume: \(out) holds no run")
    }
    let originals = Tensor(dataset.train.values, [dataset.train.count] + dataset.sampleShape)
    let clean = reconstructionErrors(model, originals)
    if let bad = clean.firstIndex(where: { !$0.isFinite }) {
      throw RecipeError(
        "\(checkpoint): the model's output for the clean sample \(bad) is not finite; nothing was attacked")
    }
    let attack = try recipe.attack.makeAttack(on: model, seed: seed)
    let identity = RunIdentity(
      recipe: try recipe.yaml + "dataset: \(dataset.name)\nseed: \(seed)\n",
      model: SHA256.digest(of: try Checkpoint(model).encoded()),
      data: "\(dataset.digest)/\(dataset.train.count)", software: Software.versions)
    let interrupts = Interrupts(
      farewell: "interrupted; everything so far is in \(out): give the same command again")
    let progress = RunProgress(style: work.style)
    let (directory, outcome, timing) = try AttackRun(
      attack, copies: recipe.attack.copies, threads: work.threadCount
    ).run(
      originals, folder: out, identity: identity,
      rank: try Rank(rank: rank, worldSize: worldSize, environment: ProcessInfo.processInfo.environment),
      interrupts: interrupts, progress: progress)
    if let interruption = outcome.interruption { throw Interrupted(code: interruption.exitCode) }
    try report(directory, outcome, timing)
  }

  private func report(_ directory: RunDirectory, _ outcome: RunOutcome, _ timing: AttackRun.Timing) throws {
    let totals = directory.totals
    if work.json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(totals), as: UTF8.self))
    } else {
      print(
        "\(out): \(totals.samples) of \(totals.samplesPlanned) examples, success rate "
          + "\((totals.successRate * 100).formatted(significant: 4)) %")
      if timing.samples > 0, timing.total > 0 {
        print(
          "\((Double(timing.samples) / timing.wall).formatted(significant: 4)) samples/s; time in the model "
            + "\((timing.criterion / timing.total * 100).formatted(significant: 3)) %, in the similarity "
            + "\((timing.similarity / timing.total * 100).formatted(significant: 3)) %")
      }
    }
    if outcome.isComplete, totals.counts.succeeded == 0 {
      throw RecipeError(
        "no sample was attacked successfully (\(recipe.recipe)): try a smaller --kappa, another --start or more "
          + "--iterations")
    }
  }
}
