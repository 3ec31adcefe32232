import ArgumentParser
import Experiments
import Foundation
import Runs
import Torch

struct ReproduceRecipesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipes",
    abstract: "Which way of augmenting helps: every recipe and control at equal updates, paired seeds.",
    discussion: """
      Settings are chosen on validation data with seeds of their own; the comparison has other seeds and reads the test \
      set once. Finished cells are skipped, a stopped study goes on where it was. --page only writes a page from \
      finished cells.
      """)

  @Option(name: .long, help: "\(RecipesPlan.scales.joined(separator: ", ")), or a plan's .yaml file.")
  var scale = "small"

  @Option(name: .long, help: "Only the groups of this data set; may be given several times.")
  var dataset: [String] = []

  @Option(name: .long, help: "Only the groups of this model; may be given several times.")
  var model: [String] = []

  @Option(name: .long, help: "Folder of the real data sets; else the environment's UAE_DATA.")
  var dataRoot: String?

  @Option(name: .long, help: "Seeds 1…N of the comparison (default: the scale's).")
  var seeds: Int?

  @Option(name: .long, help: "The study's folder (default: runs/recipes-SCALE).")
  var out: String?

  @Option(name: .long, help: "Cells at a time, each on one thread (default: all cores).")
  var threads: Int?

  @Option(name: .long, help: "Write the page to this .md file from finished cells; run nothing.")
  var page: String?

  @Flag(name: .long, help: "No lines about progress.")
  var quiet = false

  func validate() throws {
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
    }
    _ = try plan()
  }

  private func plan() throws -> RecipesPlan {
    do {
      return try RecipesPlan.find(scale).narrowed(datasets: dataset, models: model, seeds: seeds)
    } catch let error as StudyError {
      throw ValidationError("\(error)")
    }
  }

  /// The command for the page, without where things are.
  private var command: String {
    var words = ["./uae reproduce recipes --scale \(scale)"]
    words += dataset.map { "--dataset \($0)" } + model.map { "--model \($0)" }
    if let seeds { words.append("--seeds \(seeds)") }
    return words.joined(separator: " ")
  }

  func run() throws {
    let plan = try plan()
    let folder = out ?? "runs/\(plan.name)"
    if let page { return try RecipesReport(plan, folder: folder, command: command).write(page: page) }
    try LibTorch.load()
    let interrupts = Interrupts(
      farewell: "interrupted; finished cells are in \(folder): give the same command again")
    let data = DatasetCache(dataRoot: dataRoot)
    try interrupts.guarding {
      try RecipesStudy(plan, folder: folder).run(
        workers: threads ?? ProcessInfo.processInfo.activeProcessorCount, data: data,
        progress: RunProgress(style: quiet ? .quiet : .lines, isCancelled: { interrupts.requested != nil }))
    }
    let report = try RecipesReport(plan, folder: folder, command: command)
    try report.write(page: folder + "/recipes.md")
    for sentence in report.findings { print("- \(sentence)") }
    print("\(folder)/recipes.md has all tables and pictures")
  }
}
