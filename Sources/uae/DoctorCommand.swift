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

  func run() throws {
    do { try LibTorch.load() } catch {
      show(Finding("LibTorch", "\(error)", spoils: true))
      throw ExitCode(1)
    }
    try work.prepare()
    let examines = subject.model != nil || subject.checkpoint != nil
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

  /// The cheap part of an attack, on a few samples.
  private func preflight() throws -> [Finding] {
    let recipe = try self.recipe.load()
    let dataset = try data.load(whole: true)
    let count = dataset.train.count
    let few = dataset.train.prefix(Attack.tileSize)
    let samples = Tensor(few.values, [few.count] + dataset.sampleShape).to(try work.place())
    let model: any Model
    do { model = try self.subject.load(for: dataset, samples: samples) } catch let error as ScriptError {
      return [Finding("model", error.description, spoils: true)]
    }
    var found = [Finding("data", "\(count) samples of \(dataset.sampleShape) from \(dataset.name)")]
    let needs = try Criteria.registry.named(recipe.criterion.name).needs
    guard model.outputs.contains(needs) else {
      let refusal = model.lacks(needs, for: "the criterion '\(recipe.criterion.name)'")
      let others = Criteria.suiting(model).map(\.name).joined(separator: ", ")
      return found + [Finding("criterion", "\(refusal); it suits \(others)", spoils: true)]
    }
    if let script = model as? ScriptModel {
      let input = script.input
      let range = "\(input.range.lowerBound)…\(input.range.upperBound)"
      found.append(
        Finding("input", "\(input.modelShape) (\(input.layout.rawValue)), \(input.dtype), values in \(range)")
      )
      if needs == .reconstruction { found += rangeHint(script, samples) }
    }
    let behaviour = ModelInspection(model, needs, samples, batchSize: Attack.tileSize).findings()
    found += behaviour
    guard !behaviour.contains(where: \.spoils) else { return found }
    LibTorch.setThreads(1)
    let before = peakMemory()  // LibTorch and the samples
    let criterion = try Criteria.make(recipe.criterion, on: model)
    _ = try CriterionInspection(criterion, samples)  // The first passes warm LibTorch up.
    let inspection = try CriterionInspection(criterion, samples)
    let perThread = peakMemory() - before
    found.append(gradients(inspection))
    let similarity: Double
    do { similarity = try similaritySeconds(model, recipe, samples) } catch {
      return found + [Finding("similarity", "\(error)", spoils: true)]
    }
    let iterations = recipe.solver.integer("iterations")
    let searches = max(1, recipe.solver.integer("searches"))
    let rounds = Double(count * recipe.copies * searches * (iterations + 1))
    let each = inspection.secondsPerSample + similarity
    let seconds = rounds * each / Double(work.threadCount)
    let share = Int((similarity / each * 100).rounded())
    found.append(
      Finding(
        "time",
        "about \(seconds < 1 ? "a second" : seconds.durationText) for \(count * recipe.copies) examples "
          + "(\(iterations) iterations, \(work.threadCount) threads), \(share) % of it in the similarity"
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

  private func gradients(_ inspection: CriterionInspection) -> Finding {
    guard inspection.isDifferentiable else {
      return Finding(
        "gradient", "the output does not depend on the input through differentiable operations", spoils: true)
    }
    let zero = inspection.zeroGradients, broken = inspection.notFinite, all = inspection.samples
    return Finding(
      "gradient", "exactly zero at \(zero) of \(all) samples, not finite at \(broken)",
      spoils: zero * 2 > all || broken * 2 > all)
  }

  /// A range in which the model rebuilds the samples far better than in the given one is probably its own.
  private func rangeHint(_ model: ScriptModel, _ samples: Tensor) -> [Finding] {
    func error(_ range: ClosedRange<Double>) -> Double? {
      let given = model.input
      let input = ScriptInput(
        sampleShape: given.sampleShape, range: range, layout: given.layout, dtype: given.dtype)
      let tried = model.with(input)
      let value = try? withoutGrad {
        (try tried.output(.reconstruction, of: samples) - samples).square().mean().item
      }
      return value?.isFinite == true ? value : nil
    }
    guard let own = error(model.input.range) else { return [] }
    let others: [ClosedRange<Double>] = [0...1, -1...1, 0...255]
    let better = others.compactMap { range in error(range).map { (range, $0) } }.min { $0.1 < $1.1 }
    guard let better, better.1 * 4 < own else { return [] }
    let ratio = Int((own / better.1).rounded())
    return [
      Finding(
        "range",
        "values in \(better.0.lowerBound)…\(better.0.upperBound) are rebuilt with \(ratio) times less error; "
          + "give --model-range \(better.0.lowerBound),\(better.0.upperBound)", spoils: true)
    ]
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
