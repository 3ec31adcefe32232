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
  @Option(name: .long, help: "train or test: which part of the data is attacked.")
  var part = DatasetLoader.Part.train

  @OptionGroup var work: WorkOptions
  @OptionGroup var logging: LogOptions
  @OptionGroup var recipe: RecipeOptions

  @OptionGroup var subject: ModelOptions

  @Option(name: .long, help: "The seed of all draws.")
  var seed: UInt64 = 1

  @Option(
    name: .long,
    help:
      "The run's folder; or FILE.npz, FILE.safetensors or FILE.tar for one file in the data's own range, type and layout."
  )
  var out: String

  @Option(
    name: .long,
    help: """
      What is written: \(ExampleFormat.all.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")) \
      (default: by the ending of --out).
      """)
  var format: ExampleFormat?

  @Option(
    name: .long,
    help: "A file of one array that is 0 where values must stay: of a sample's shape, or one for each sample."
  )
  var mask: String?

  @Option(
    name: .long, help: "With --target each: the array, column or file that has the class for each sample.")
  var targetKey: String?

  @Option(
    name: .long,
    help: "Another classifier (.pt2 or TorchScript) to score the examples by; can be given several times.")
  var judge: [String] = []

  @Flag(
    name: .long,
    help:
      "Look first, on a few samples, whether what this attack does not find is likely not there, as doctor does."
  )
  var trust = false

  @Flag(name: .long, help: "Replace an existing file, or the remains of another run of it.")
  var overwrite = false

  @Flag(name: .long, help: "Go on where the checks before the run say that its results would mean nothing.")
  var force = false

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
    try claimOutput()
    let dataset = try data.load(whole: true, part: part)
    let encoding = try form?.encoding(dataset.encoding)
    if let encoding, encoding.elementType != dataset.encoding.elementType {
      StandardError.write(
        "\(out): values are written as \(encoding.elementType.rawValue), as images are; npz keeps \(dataset.encoding.elementType.rawValue)\n"
      )
    }
    try work.prepare()
    let place = try work.place(), samples = dataset.train.tensor(on: place)
    let needs = try Criteria.registry.named(recipe.criterion.name).needs
    let subject = try self.subject.load(for: dataset, samples: samples, use: needs)
    let originals =
      subject.precision == samples.dtype ? samples : try dataset.originals(subject.precision, on: place)
    dataset.sayNotes()
    subject.sayGuesses()
    if resume, !FileManager.default.fileExists(atPath: folder + "/manifest.json") {
      throw ValidationError("--resume: \(folder) holds no run")
    }
    let rank = try Rank(
      rank: self.rank, worldSize: worldSize, environment: ProcessInfo.processInfo.environment)
    if isFile, rank.count > 1 {
      throw ValidationError("--out \(out): one file is one process's; give a folder")
    }
    if rank.count > 1, !judge.isEmpty {
      throw ValidationError(
        "--judge: none of \(rank.count) processes has all examples; score them when all are there, by the same "
          + "command as one process")
    }
    let classes = try ClassData(
      dataset, subject, recipe, targets: targetKey.map { try data.load(targetKey: $0, part: part) })
    let mask =
      try self.mask.map { Tensor(try MaskFile.read($0, for: dataset)).to(originals.device) }
      ?? subject.readValues
    let checks = try check(subject, recipe, originals, classes, mask: mask, grid: encoding?.grid)
    let judges = try Judges(judge, dataset, originals, recipe)
    var attack = try recipe.makeAttack(
      on: subject, samples: originals, labels: classes.labels, targets: classes.targets, seed: seed,
      grid: encoding?.grid)
    var run = ["command": "attack", "dataset": dataset.name, "seed": "\(seed)"]
    attack.mask = mask
    if let path = self.mask {
      run["mask"] = try SHA256.digest(ofFile: path)
    } else if let read = subject.readValues {
      let count = Int(read.sum().item)
      StandardError.write(
        "\(subject.name): reads \(count) of \(read.count) values, and only these are changed; --mask chooses others\n"
      )
    }
    if part == .test { run["part"] = part.rawValue }
    run.merge(try data.identity) { $1 }
    if let targets = classes.targets {
      run["targets"] = SHA256.digest(of: Array(targets.map(String.init).joined(separator: ",").utf8))
    }
    run.merge(self.subject.identity) { $1 }
    let identity = RunIdentity(
      recipe: try recipe.yaml(run: run), model: try subject.digest(),
      data: dataset.trainIdentity,
      software: Software.versions(libtorch: LibTorch.version, device: "\(originals.device)"))
    let interrupts = Interrupts(
      farewell: "interrupted; everything so far is in \(folder): give the same command again")
    let log = logging.log(isFile ? nil : folder)
    let progress = RunProgress(style: work.style, log: log)
    let (directory, outcome, timing) = try startingAnew(rank) {
      try AttackRun(attack, copies: recipe.copies, threads: work.threadCount).run(
        originals, folder: folder, identity: identity, rank: rank, interrupts: interrupts, progress: progress)
    }
    if let interruption = outcome.interruption { throw Interrupted(code: interruption.exitCode) }
    let written = try form.map { try writeFile($0, directory, dataset, attack, recipe) }
    var figures = written.map(AttackFigures.init) ?? AttackFigures(directory.totals)
    figures.checks = checks.map(AttackFigures.Check.init)
    if outcome.isComplete, rank.count == 1,
      !judges.isEmpty || classes.labels != nil || subject.readValues != nil
    {
      let examples = try written?.records ?? Examples(of: directory)
      try figures.judge(examples, originals, subject, labels: classes.labels, judges)
    }
    if let log, log.showsMore, outcome.isComplete, rank.count == 1 {
      let examples = try written?.records ?? Examples(of: directory)
      LoggedPictures.log(examples, of: originals, figures, recipe: recipe, to: log)
    }
    try report(figures, outcome, timing, recipe)
  }

  /// Refuses an output that would destroy something, before any work.
  private func claimOutput() throws {
    let inputs: [(String, String?)] =
      [
        ("--dataset", data.dataset), ("--label-key", data.labelKey), ("--model", subject.model),
        ("--checkpoint", subject.checkpoint), ("--recipe", recipe.recipe), ("--mask", mask),
        ("--target-key", targetKey),
      ] + judge.map { ("--judge", $0) }
    if let form, form.ending == nil {
      try OutputFile(path: out, inputs: inputs, isWorthless: form.hasNoSuccess)
        .claimFolder(overwrite: overwrite, isOurs: form.holdsExamples)
    } else {
      try OutputFile(
        path: out, endings: format.map { [$0.ending ?? ""] } ?? ExampleFormat.endings,
        canBeFolder: format == nil,
        inputs: inputs, isWorthless: { ExampleFormat(path: $0)?.hasNoSuccess($0) ?? false }
      ).claim(overwrite: overwrite)
    }
  }

  /// Refuses a run whose results would mean nothing.
  /// - Returns: what else was found out.
  private func check(
    _ subject: any Model, _ recipe: Recipe, _ originals: Tensor, _ classes: ClassData, mask: Tensor?,
    grid: IntegerGrid?
  ) throws -> [ModelInspection.Finding] {
    let preflight = try Preflight(
      subject, recipe, originals, labels: classes.labels, targets: classes.targets)
    if let vanity = preflight.vanity { StandardError.write("\(subject.name): \(vanity.text)\n") }
    if let warning = preflight.warning { StandardError.write("\(subject.name): \(warning.text)\n") }
    if let obstacle = preflight.obstacle {
      let text = "\(subject.name): \(obstacle.subject): \(obstacle.text)"
      guard force else { throw RecipeError("\(text); --force goes on all the same") }
      StandardError.write("\(text); going on because of --force\(trust ? ", without --trust" : "")\n")
      return preflight.findings
    }
    guard trust else { return preflight.findings }
    let few = 0..<min(Attack.tileSize, originals.shape[0])
    let found = try TrustChecks(
      subject, recipe, originals[few], labels: classes.labels.map { Array($0[few]) },
      mask: mask.map { $0.shape[0] == 1 ? $0 : $0[few] }, grid: grid, threads: work.threadCount
    ).findings
    for finding in found where finding.spoils {
      StandardError.write("\(subject.name): \(finding.subject): \(finding.text)\n")
    }
    return preflight.findings + found
  }

  /// Runs, and sees to it that neither what failed before nor what fails now blocks the next try: the run beside a file is
  /// worth nothing without a finished shard, or once the model fails.
  private func startingAnew<Result>(_ rank: Rank, _ run: () throws -> Result) throws -> Result {
    let isNew = !FileManager.default.fileExists(atPath: folder)
    func isEmpty() -> Bool {
      (try? RunDirectory(existing: folder)).map { $0.totals.samples == 0 } ?? false
    }
    do {
      return try run()
    } catch RunError.otherRun(let folder, let difference) {
      guard isFile else { throw RunError.otherRun(folder: folder, difference: difference) }
      guard overwrite || isEmpty() else {
        throw OutputError(
          "\(folder) holds an unfinished run of this file: \(difference). Repeat that run's command to go on with it, "
            + "or give --overwrite to begin anew")
      }
      try FileManager.default.removeItem(atPath: folder)
      return try run()
    } catch let error as RunError {
      throw error
    } catch {
      if rank.count == 1, isFile || isNew && isEmpty() { try? FileManager.default.removeItem(atPath: folder) }
      throw error
    }
  }

  /// The form that the examples are written in; nil where the run's folder is what is asked for.
  private var form: ExampleFormat? { format ?? ExampleFormat(path: out) }
  private var isFile: Bool { form != nil }

  /// The run itself; beside what is written it lives until that is complete.
  private var folder: String {
    guard isFile else { return out }
    return String(out.reversed().drop { $0 == "/" }.reversed()) + ".run"
  }

  /// Turns a complete run into one file or folder, which then stands for it.
  private func writeFile(
    _ form: ExampleFormat, _ directory: RunDirectory, _ dataset: Dataset, _ attack: Attack, _ recipe: Recipe
  ) throws -> ExampleFile {
    let file = try ExampleFile(
      Examples(of: directory), of: dataset, attack: attack, negatesSimilarity: recipe.seeksLikeness,
      format: form, threads: work.threadCount)
    try file.write(to: out)
    try FileManager.default.removeItem(atPath: folder)
    if file.lost > 0, !work.quiet {
      StandardError.write(
        "\(file.lost) examples no longer succeed as \(try form.encoding(dataset.encoding).elementType.rawValue)\n"
      )
    }
    return file
  }

  private func report(
    _ figures: AttackFigures, _ outcome: RunOutcome, _ timing: AttackRun.Timing, _ recipe: Recipe
  ) throws {
    if work.json {
      print(try JSON.text(figures))
    } else {
      print(
        "\(out): \(figures.samples) of \(figures.samplesPlanned) examples, success rate "
          + "\((figures.successRate * 100).text(.general(4))) %")
      figures.sayJudgements()
      if timing.samples > 0, timing.total > 0 {
        print(
          "\((Double(timing.samples) / timing.wall).text(.general(4))) samples/s; time in the model "
            + "\((timing.criterion / timing.total * 100).text(.general(3))) %, in the similarity "
            + "\((timing.similarity / timing.total * 100).text(.general(3))) %")
      }
    }
    if outcome.isComplete, figures.successRate == 0 {
      throw RecipeError(
        "no sample was attacked successfully (\(recipe.name)): \(try recipe.remedies())")
    }
  }
}
