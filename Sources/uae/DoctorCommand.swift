import ArgumentParser
import Attacks
import Datasets
import Experiments
import Foundation
import Models
import Torch

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "What this machine has; with a model and data, what would spoil a run on them.",
    discussion: "Prints one line a finding. Exit code 1 if any of them would spoil a run.")

  @OptionGroup var data: DataOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var subject: ModelOptions
  @OptionGroup var recipe: RecipeOptions

  @Flag(
    name: .long,
    help:
      "Attack a few samples, too: whether more steps and larger balls find more, and whether planted examples are found."
  )
  var trust = false

  func run() throws {
    do { try LibTorch.load() } catch {
      show(Finding("LibTorch", "\(error)", spoils: true))
      throw ExitCode(1)
    }
    try work.prepare()
    let examines = subject.isGiven
    let findings = try examines ? preflight() : machine()
    findings.forEach(show)
    if findings.contains(where: \.spoils) { throw ExitCode(1) }
  }

  private typealias Finding = ModelInspection.Finding

  private func show(_ finding: Finding) {
    let mark = finding.spoils ? "PROBLEM" : "ok"
    print("\(mark.padded(8))\(finding.subject.padded(16))\(finding.text)")
  }

  private func machine() -> [Finding] {
    let info = ProcessInfo.processInfo
    let memory = Double(info.physicalMemory) / Double(1 << 30)
    var found = [
      Finding("LibTorch", LibTorch.version),
      Finding("threads", "\(work.threadCount) of \(info.activeProcessorCount) cores"),
      Finding("memory", "\(memory.text(.general(3))) GiB"),
      Finding("devices", Device.available.map(\.description).joined(separator: ", ")),
    ]
    let root = DatasetLoader.dataRoot(data.dataRoot)
    for set in DatasetRegistry.all {
      let missing = set.files.filter { file in
        !file.isOptional
          && ![file.name, file.name + ".gz", file.name.replacingOccurrences(of: ".gz", with: "")].contains {
            FileManager.default.fileExists(atPath: "\(root ?? "")/\(set.name)/\($0)")
          }
      }
      let text =
        set.files.isEmpty
        ? "part of the program"
        : root == nil
          ? "not looked for: give --data-root or set UAE_DATA"
          : missing.isEmpty ? "found in \(root ?? "")/\(set.name)" : "absent: \(missing[0].name)"
      found.append(Finding(set.name, text))
    }
    return found
  }

  /// The cheap part of an attack: what `attack` looks at before it begins, then what it would cost.
  private func preflight() throws -> [Finding] {
    var recipe = try self.recipe.load()
    // Which class each example shall have makes no difference here.
    if recipe.criterion.text("target") == "each" { recipe.criterion["target"] = .text("next") }
    let dataset = try data.load(whole: true, isQuiet: true)
    let count = dataset.train.count
    let all = dataset.train.tensor(on: try work.place())
    let samples = all[0..<min(Attack.tileSize, count)]
    var found = [Finding("data", "\(count) samples of \(dataset.sampleShape) from \(dataset.name)")]
    found += ([dataset.taken].compactMap { $0 } + dataset.notes).map { Finding("data", $0) }
    let model: any Model
    let needs = try Criteria.registry.named(recipe.criterion.name).needs
    do { model = try self.subject.load(for: dataset, samples: all, use: needs) } catch let error
      as ScriptError
    {
      return found + [Finding("model", error.description, spoils: true)]
    } catch let error as OracleError {
      return found + [Finding("model", error.description, spoils: true)]
    }
    let labels = try ClassData(dataset, model, recipe, targets: nil).labels
    let preflight = try Preflight(model, recipe, all, labels: labels)
    found += preflight.findings
    guard preflight.findings.allSatisfy({ !$0.spoils }) else { return found }
    let few = labels.map { Array($0.prefix(samples.shape[0])) }
    if trust {
      found += try TrustChecks(
        model, recipe, samples, labels: few, mask: model.readValues, threads: work.threadCount
      ).findings
    }
    let solver = try Solvers.registry.named(recipe.solver.name)
    LibTorch.setThreads(1)
    let before = peakMemory()  // LibTorch, the samples and what checking took
    // The first passes warmed LibTorch up.
    let inspection = try CriterionInspection(
      Criteria.make(recipe.criterion, on: model, labels: few), samples,
      needsGradient: solver.gradientUse != .never)
    let perThread = peakMemory() - before
    let similarity: Double
    do { similarity = try similaritySeconds(model, recipe, samples) } catch {
      return found + [Finding("similarity", "\(error)", spoils: true)]
    }
    let evaluations = solver.evaluations(recipe.solver)
    let onModel = evaluations * inspection.secondsPerSample
    let onSimilarity = (solver.minimisesSimilarity ? evaluations : 1) * similarity
    let seconds = Double(count * recipe.copies) * (onModel + onSimilarity) / Double(work.threadCount)
    let share = Int((onSimilarity / (onModel + onSimilarity) * 100).rounded())
    found.append(
      Finding(
        "time",
        "about \(seconds < 1 ? "a second" : seconds.durationText) for \(count * recipe.copies) examples "
          + "(\(work.threadCount) threads), \(share) % of it in the similarity"
      ))
    // What the process has, the examples, and what one tile needs in each thread.
    let bytes =
      before + count * dataset.train.elementCount * 4 * recipe.copies + perThread * work.threadCount
    let physical = ProcessInfo.processInfo.physicalMemory
    let gibibytes = (Double(bytes) / Double(1 << 30)).text(.general(2))
    found.append(Finding("memory", "about \(gibibytes) GiB", spoils: UInt64(bytes) > physical))
    return found
  }

  /// Seconds of one thread that an iteration spends on one sample's similarity, its training included.
  private func similaritySeconds(
    _ model: any Model, _ recipe: Recipe, _ samples: Tensor
  ) throws -> Double {
    let attack = try recipe.makeAttack(on: model, samples: samples, seed: 0)
    let count = samples.shape[0]
    var bound = try attack.similarity.bind(Tile(samples, number: 0, size: count, range: 0..<count, seed: 0))
    let perturbed = samples * 0.5 + 0.2
    _ = try bound.evaluate(perturbed, iteration: 0)  // The first call warms LibTorch up.
    let start = ContinuousClock.now
    _ = try bound.evaluate(perturbed, iteration: 1)
    return (ContinuousClock.now - start) / .seconds(1) / Double(count)
  }

  /// The most memory that the process has had, in bytes.
  private func peakMemory() -> Int {
    var usage = rusage()
    #if os(Linux)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024  // Kilobytes here, bytes on macOS.
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }
}

extension String {
  /// Filled with blanks up to a width.
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
