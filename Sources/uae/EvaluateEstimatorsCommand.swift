import ArgumentParser
import Datasets
import Foundation
import Runs
import Experiments

struct EvaluateEstimatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "estimators",
    abstract: "Estimators of mutual information and MINE's critics, where the truth is known.",
    discussion: "Some minutes on two cores. Without --page the tables go to standard output.")

  @OptionGroup var work: WorkOptions

  @Option(
    name: .long, help: "Whose samples make the pairs to rank (default: mnist with UAE_DATA, else digits).")
  var dataset: String?

  @Option(name: .long, help: "Folder of the real data sets; else the environment's UAE_DATA.")
  var dataRoot: String?

  @Option(name: .long, help: "The seed of all draws.")
  var seed: UInt64 = 1

  @Option(name: .long, help: "Write this .md file, its .json and its plots.")
  var page: String?

  @Flag(name: .long, help: "The smallest sizes that can be measured: to see that it works.")
  var quick = false

  func run() throws {
    let name = dataset ?? (DatasetLoader.dataRoot(dataRoot) == nil ? "digits" : "mnist")
    let data = try DatasetLoader.load(name, dataRoot: dataRoot, options: .init())
    try work.prepare()
    let interrupts = Interrupts(farewell: "interrupted; nothing was written")
    let study = EstimatorStudy(quick ? .quick : .full, dataset: data, seed: seed, threads: work.threadCount)
    let results = try interrupts.guarding { try study.run(work.progress(interrupts)) }
    let report = EstimatorReport(results, command: command(name))
    if let page { try report.write(page: page) }
    if work.json {
      print(String(decoding: try report.json, as: UTF8.self))
    } else {
      print(try page.map { "\($0) has all tables and plots" } ?? report.markdown)
    }
  }

  private func command(_ dataset: String) -> String {
    "./uae evaluate estimators --dataset \(dataset)" + (quick ? " --quick" : "")
      + (seed == 1 ? "" : " --seed \(seed)") + (page.map { " --page \($0)" } ?? "")
  }
}
