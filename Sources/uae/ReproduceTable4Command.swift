import ArgumentParser
import Experiments
import Foundation
import Runs
import Torch

struct ReproduceTable4Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table4",
    abstract:
      "The data-reconstruction study: four autoencoders, every augmentation and control, paired seeds.",
    discussion: """
      Cells are independent and each has a file: finished ones are skipped, a stopped study goes on where it was, and \
      several processes may work in one folder. --page only writes a page from finished cells.
      """)

  @Option(name: .long, help: "\(Table4Plan.scales.joined(separator: ", ")), or a plan's .yaml file.")
  var scale = "small"

  @Option(name: .long, help: "A data set (default: the scale's); may be given several times.")
  var dataset: [String] = []

  @Option(name: .long, help: "Folder of the real data sets; else the environment's UAE_DATA.")
  var dataRoot: String?

  @Option(name: .long, help: "Comma-separated model families (default: the scale's).")
  var rows: String?

  @Option(name: .long, help: "Comma-separated: what to train on besides the data (default: the scale's).")
  var arms: String?

  @Option(name: .long, help: "Seeds 1…N (default: the scale's).")
  var seeds: Int?

  @Option(name: .long, help: "The study's folder (default: runs/table4-SCALE).")
  var out: String?

  @Option(name: .long, help: "Cells at a time, each on one thread (default: all cores).")
  var threads: Int?

  @Option(
    name: .long,
    help: "Write the page to this .md file from the cells of the folders given by --from; run nothing.")
  var page: String?

  @Option(name: .long, help: "A study's folder for --page; may be given several times (default: --out).")
  var from: [String] = []

  @Flag(name: .long, help: "No lines about progress.")
  var quiet = false

  func validate() throws {
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
    }
    if page == nil, !from.isEmpty { throw ValidationError("--from is for --page") }
    _ = try plan()
  }

  private func plan() throws -> Table4Plan {
    do {
      return try Table4Plan.find(scale).narrowed(
        datasets: dataset, rows: rows.map(Self.list) ?? [], arms: arms.map(Self.list) ?? [], seeds: seeds)
    } catch let error as StudyError {
      throw ValidationError("\(error)")
    }
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  func run() throws {
    let plan = try plan()
    let folder = out ?? "runs/\(plan.name)"
    if let page { return try Table4Report(folders: from.isEmpty ? [folder] : from).write(page: page) }
    try LibTorch.load()
    let study = try Study(folder: folder, cells: plan.cells())
    try note(folder: folder)
    let interrupts = Interrupts(
      farewell: "interrupted; finished cells are in \(folder): give the same command again")
    try interrupts.guarding {
      try study.run(
        workers: threads ?? ProcessInfo.processInfo.activeProcessorCount,
        data: DatasetCache(dataRoot: dataRoot),
        progress: RunProgress(style: quiet ? .quiet : .lines, isCancelled: { interrupts.requested != nil }))
    }
    let report = try Table4Report(folders: [folder])
    try report.write(page: folder + "/table4.md")
    print(try report.summary)
    print("\(folder)/table4.md has all tables and pictures")
  }

  /// Keeps the command for the page; a command given again is noted once.
  private func note(folder: String) throws {
    var words = ["./uae reproduce table4 --scale \(scale)"]
    words += dataset.map { "--dataset \($0)" }
    for (name, value) in [("rows", rows), ("arms", arms), ("seeds", seeds.map(String.init))] {
      if let value { words.append("--\(name) \(value)") }
    }
    try StudyNotes.add(line: words.joined(separator: " "), to: folder + "/commands.txt")
  }
}
