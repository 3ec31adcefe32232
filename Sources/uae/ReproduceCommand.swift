import ArgumentParser
import Experiments
import Foundation
import Reports
import Runs
import Torch

/// Every study by its name.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce", abstract: "Run a study again: its cells, its tables, its pictures.",
    discussion: """
      \(Studies.all.map { $0.help }.joined(separator: "\n"))

      Cells are independent and each has a file: finished ones are skipped, a stopped study goes on where it was, and \
      several processes may work in one folder. What other software made, or this one of other data, is not used. \
      --page only writes a page from finished cells.
      """)

  @Argument(help: "\(Studies.all.map { $0.name }.joined(separator: ", ")).")
  var study: String

  @Option(name: .long, help: "One of the study's scales, or a plan's .yaml file.")
  var scale = "small"

  @Option(
    name: .long,
    help: "PART=VALUE or PART=VALUE,VALUE: only these of the plan; may be given several times.")
  var only: [Selection] = []

  @Option(name: .long, help: "The same as --only dataset=NAME; may be given several times.")
  var dataset: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      The same as --only model=NAME; in a study of attacks on classifiers NAME=PATH is one of yours to attack, too. May be \
      given several times.
      """,
      valueName: "name"))
  var model: [String] = []

  @Flag(
    name: .long,
    help:
      "The same as --only as-published=yes: the arithmetic of the paper's code where it is not the paper's.")
  var asPublished = false

  @Option(name: .long, help: "The same as --only seeds=N.")
  var seeds: Int?

  @Option(name: .long, help: "Folder of the real data sets; else the environment's UAE_DATA.")
  var dataRoot: String?

  @Option(name: .long, help: "The study's folder (default: runs/ and the plan's name).")
  var out: String?

  @Option(name: .long, help: "Cells at a time, each on one thread (default: all cores).")
  var threads: Int?

  @Option(
    name: .long, help: "auto, cpu, cuda, cuda:N or mps: where models are trained and attacked (default: cpu)."
  )
  var device = "cpu"

  @Option(
    name: .long,
    help: "Write the page to this .md file from the cells of the folders given by --from; run nothing.")
  var page: String?

  @Option(name: .long, help: "A study's folder for --page; may be given several times (default: --out).")
  var from: [String] = []

  @Flag(name: .long, help: "Say nothing on standard error but what went wrong.")
  var quiet = false

  /// What a plan is narrowed to.
  struct Selection: ExpressibleByArgument {
    var part: String
    var values: [String]

    init?(argument: String) {
      guard let at = argument.firstIndex(of: "="), at > argument.startIndex else { return nil }
      part = String(argument[..<at])
      values = argument[argument.index(after: at)...].split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      if values.isEmpty { return nil }
    }
  }

  func validate() throws {
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
    }
    if page == nil, !from.isEmpty { throw ValidationError("--from is for --page") }
    if device != "cpu", let found = try? Studies.named(study), !found.takesDevice {
      throw ValidationError("the study \(study) measures what the host computes; leave --device out")
    }
    do { _ = try plan(Studies.named(study)) } catch let error as StudyError {
      throw ValidationError("\(error)")
    }
  }

  private func plan<S: Study>(_: S.Type) throws -> S.Plan {
    var wanted = only.map { (part: $0.part, values: $0.values) }
    if !dataset.isEmpty { wanted.append(("dataset", dataset)) }
    if !model.isEmpty { wanted.append(("model", model)) }
    if asPublished { wanted.append(("as-published", ["yes"])) }
    if let seeds { wanted.append(("seeds", ["\(seeds)"])) }
    return try S.plan(scale).narrowed(to: wanted)
  }

  /// The command for the page, without where things are; a plan of this repository goes by its path in it.
  private var command: String {
    let folders = scale.split(separator: "/").map(String.init)
    let plan = folders.lastIndex(of: "Plans").map { folders[$0...].joined(separator: "/") } ?? scale
    var words = ["./uae reproduce \(study) --scale \(plan)"]
    words += only.map { "--only \($0.part)=\($0.values.map(withoutFolder).joined(separator: ","))" }
    words += dataset.map { "--dataset \($0)" }
    words += model.map { "--model \(withoutFolder($0))" }
    if asPublished { words.append("--as-published") }
    if let seeds { words.append("--seeds \(seeds)") }
    if device != "cpu" { words.append("--device \(device)") }
    return words.joined(separator: " ")
  }

  /// NAME=PATH with the file's name alone.
  private func withoutFolder(_ value: String) -> String {
    guard let at = value.firstIndex(of: "=") else { return value }
    return value[...at] + URL(fileURLWithPath: String(value[value.index(after: at)...])).lastPathComponent
  }

  func run() throws { try run(Studies.named(study)) }

  private func run<S: Study>(_: S.Type) throws {
    let plan = try plan(S.self)
    let folder = out ?? "runs/\(plan.name)"
    try LibTorch.load()
    let device = try Device(parsing: self.device)
    let study = StudyRun<S>(
      plan: plan, folder: folder, software: Software.versions(libtorch: LibTorch.version, device: "\(device)")
    )
    if let page { return try study.document(from: from).write(page: page) }
    let interrupts = Interrupts(
      farewell: "interrupted; finished cells are in \(folder): give the same command again")
    let found = try interrupts.guarding {
      try study.run(
        workers: threads ?? ProcessInfo.processInfo.activeProcessorCount,
        data: DatasetCache(dataRoot: dataRoot, device: device),
        progress: RunProgress(
          style: quiet ? .quiet : .automatic, isCancelled: { interrupts.requested != nil }),
        command: command)
    }
    let document = try study.document(found)
    let path = "\(folder)/\(S.name).md"
    try document.write(page: path)
    print(try document.section("What was found"))
    print("\n\(path) has all tables and pictures")
  }
}

extension Study {
  /// `table4 (smoke, small, paper): what it is; --only dataset, model`
  fileprivate static var help: String {
    "\(name) (\(scales.map(\.key).joined(separator: ", "))): \(summary); --only "
      + Plan.parts.map(\.name).joined(separator: ", ") + "."
  }
}
