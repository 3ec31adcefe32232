import Datasets
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Torch

/// Finds out how a model is best trained on given data: tries ways of augmenting on a part of the training data that is held
/// out, by successive halving over paired seeds, then trains the best of them, the control and the best adversarial way on
/// all training data and tests these once.
public struct SearchRun {
  /// What is run.
  public let plan: SearchPlan
  /// Where it is kept.
  public let folder: String
  private let dataset: Dataset
  private let store: CellStore
  private let candidates: [SearchCandidate]
  private let workers: Int
  private let progress: RunProgress

  /// A search in a folder: the one that was begun there, or a new one.
  ///
  /// - Parameters:
  ///   - plan: the number of updates in it is taken where there is no other.
  ///   - workers: how many trainings run at a time, each on one thread.
  init(
    _ plan: SearchPlan, _ dataset: Dataset, candidates: [SearchCandidate], folder: String, workers: Int,
    device: Device, _ progress: RunProgress
  ) throws {
    self.plan = plan
    self.dataset = dataset
    store = try CellStore(
      folder: folder, software: plan.software, data: DatasetCache(dataset, device: device))
    self.candidates = candidates
    self.folder = folder
    self.workers = workers
    self.progress = progress
  }

  /// What came of it.
  public struct Outcome: Sendable {
    /// What was run.
    public var plan: SearchPlan
    /// Adam's rate in all trainings; nil for the family's own optimiser.
    public var learningRate: Double?
    /// How the rounds went.
    public var choice: SearchChoice
    /// The way that won.
    public var winner: SearchCandidate
    /// The same data for as long as the winner, where that is longer than the other arms.
    public var peer: SearchCandidate?
    /// The best of those that take an attack, where one was compared.
    public var adversarial: SearchCandidate?
    /// Why some that were to be compared are not: their trainings on all the data diverged.
    public var diverged: [String]
    /// The comparison's outcomes by candidate, seed by seed.
    public var tested: [SearchCandidate: [Experiment.Outcome]]
    /// Where the kept model is.
    public var model: String
    /// Where the picture of the best adversarial examples is; nil where samples are no images.
    public var picture: String?
  }

  /// Does what is not yet done.
  /// - Throws: ``StudyError/settings(_:)`` where nothing can be trained; `CancellationError` once everything is saved.
  public func run() throws -> Outcome {
    var pace = SearchPace(passSize: plan.passSize, updates: plan.updates, workers: workers)
    let rate = try learningRate(&pace)
    var choice = SearchChoice(), open = candidates
    for (number, seeds) in SearchPlan.rounds.indices.map({ ($0, plan.searchSeeds($0)) }) {
      if let left = pace.left(SearchWork(candidates: open, from: number, seeds: plan.seeds)) {
        progress.note("the whole takes up to \(left.durationText) more")
      }
      let found = try trials(
        "choosing, round \(number + 1) of \(SearchPlan.rounds.count): \(open.count) ways", open, seeds, rate,
        &pace)
      for seed in seeds { choice.add(found[seed] ?? [:]) }
      choice.rank(open)
      guard number + 1 < SearchPlan.rounds.count else { break }
      open = choice.survivors(share: SearchPlan.kept, adversarial: number == 0 ? 2 : 1)
      if number + 2 == SearchPlan.rounds.count { open = lengthened(open, choice) }
    }
    guard let winner = choice.winner?.candidate else {
      throw StudyError.settings("there was nothing to choose from")
    }
    return try compare(winner, choice, rate, &pace)
  }

  /// Trains what was chosen, and what it is held against, on all training data, and tests these.
  private func compare(
    _ winner: SearchCandidate, _ choice: SearchChoice, _ rate: Double?, _ pace: inout SearchPace
  ) throws -> Outcome {
    let adversarial = choice.adversarial?.candidate
    var compared = [SearchCandidate.same]
    let peer = winner.isSame ? nil : winner.arm.effort.map { SearchCandidate.same.lasting($0) }
    for candidate in [winner, peer, adversarial, adversarial?.start].compactMap({ $0 })
    where !compared.contains(candidate) {
      compared.append(candidate)
    }
    let found = try trials("comparing on the test set", compared, plan.testSeeds, rate, &pace, isFinal: true)
    var tested: [SearchCandidate: [Experiment.Outcome]] = [:], diverged: [String] = []
    for candidate in compared {
      let outcomes = plan.testSeeds.compactMap { found[$0]?[candidate]?.outcome }
      if outcomes.count == plan.seeds {
        tested[candidate] = outcomes
      } else {
        diverged.append(
          "\(candidate.name) diverged on all the training data with \(plan.seeds - outcomes.count) of \(plan.seeds) seeds, though not on a part of them"
        )
      }
    }
    guard tested[.same] != nil else {
      throw StudyError.settings("\(diverged[0]); more updates or another --seed may help")
    }
    func whole(_ candidate: SearchCandidate?) -> SearchCandidate? {
      candidate.flatMap { tested[$0] == nil ? nil : $0 }
    }
    let kept = whole(winner) ?? .same, examples = whole(adversarial)
    return Outcome(
      plan: plan, learningRate: rate, choice: choice, winner: kept, peer: kept == winner ? whole(peer) : nil,
      adversarial: examples, diverged: diverged, tested: tested, model: try keep(kept, rate),
      picture: try examples.flatMap { try draw($0, rate) })
  }

  /// The candidates of the last round, and beside them the best way of augmenting for longer, with the same data for as long
  /// to hold it against.
  private func lengthened(_ open: [SearchCandidate], _ choice: SearchChoice) -> [SearchCandidate] {
    guard let best = choice.scores.map(\.candidate).first(where: { !$0.isSame }) else { return open }
    let longer = [
      SearchCandidate.same.lasting(SearchCandidate.longer), best.lasting(SearchCandidate.longer),
    ]
    return open + longer.filter { !open.contains($0) }
  }

  /// The rate with which the same data have the least validation error.
  private func learningRate(_ pace: inout SearchPace) throws -> Double? {
    let seed = plan.searchSeeds(0)[0]
    let rates: [Double?] = [nil] + SearchPlan.rates
    let cells = rates.map { rate in
      SearchTrial(
        name: rate.map { "Adam at \($0.text(.general(2)))" } ?? "the family's own optimiser",
        experiment: experiment(.same, seed: seed, rate: rate, isFinal: false))
    }
    let found = try perform("learning rate", cells)
    for trial in found { pace.add(trial.seconds, for: SearchWork(trainings: 1)) }
    let outcomes = found.map(\.outcome)
    let errors = outcomes.map { $0.outcome?.trained.validation ?? .infinity }
    guard let best = errors.indices.min(by: { errors[$0] < errors[$1] }), errors[best].isFinite else {
      let why = outcomes.compactMap(\.divergence).first ?? "the validation error is no number"
      throw StudyError.settings(
        "no training of the same data ends well (\(why)); look at the data with uae data show")
    }
    return rates[best]
  }

  /// The trainings of all candidates with all seeds.
  private func trials(
    _ title: String, _ candidates: [SearchCandidate], _ seeds: [UInt64], _ rate: Double?,
    _ pace: inout SearchPace, isFinal: Bool = false
  ) throws -> [UInt64: [SearchCandidate: SearchTrial.Outcome]] {
    let pairs = seeds.flatMap { seed in candidates.map { (seed: seed, candidate: $0) } }
    let found = try perform(
      title,
      pairs.map {
        trial($0.candidate, seed: $0.seed, rate: rate, isFinal: isFinal)
      })
    var sorted: [UInt64: [SearchCandidate: SearchTrial.Outcome]] = [:]
    for (pair, trial) in zip(pairs, found) {
      sorted[pair.seed, default: [:]][pair.candidate] = trial.outcome
      pace.add(trial.seconds, for: pair.candidate.work)
    }
    return sorted
  }

  private func perform(_ title: String, _ cells: [SearchTrial]) throws -> [FinishedCell<SearchTrial>] {
    let runner = try CellRunner(store: store, cells: cells)
    try runner.run(workers: workers, title: title, progress: progress)
    return try cells.map { try finished($0) }
  }

  private func finished(_ trial: SearchTrial) throws -> FinishedCell<SearchTrial> {
    guard let finished = try store.finished(trial) else {
      throw StudyError.settings("\(folder): a finished training is gone again; give the same command again")
    }
    return finished
  }

  private func trial(_ candidate: SearchCandidate, seed: UInt64, rate: Double?, isFinal: Bool) -> SearchTrial
  {
    SearchTrial(
      name: candidate.name, experiment: experiment(candidate, seed: seed, rate: rate, isFinal: isFinal))
  }

  private func experiment(
    _ candidate: SearchCandidate, seed: UInt64, rate: Double?, isFinal: Bool
  ) -> Experiment {
    var data = DataPart(dataset.name, validation: isFinal ? 0 : plan.validation)
    data.drawsValidation = isFinal ? nil : true
    var cell = Experiment(
      data: data, model: plan.model, arm: candidate.arm,
      schedule: Schedule(updates: plan.updates, batchSize: plan.batchSize, learningRate: rate), seed: seed,
      usesTest: isFinal, keepsPictures: isFinal && seed == plan.seed)
    cell.code = plan.code
    if isFinal, seed == plan.seed { cell.keepsModel = true }
    return cell
  }

  /// The picture of the first seed's examples.
  private func draw(_ candidate: SearchCandidate, _ rate: Double?) throws -> String? {
    let trial = trial(candidate, seed: plan.seed, rate: rate, isFinal: true)
    guard let images = try ExperimentPictures.path(trial.experiment, of: finished(trial)) else { return nil }
    let path = "\(folder)/examples.png"
    try AtomicFile.write(try ExperimentPictures.grid(images).drawn().image.png(), to: path)
    return path
  }

  /// Puts the winner's first model where the user finds it.
  private func keep(_ winner: SearchCandidate, _ rate: Double?) throws -> String {
    let trial = trial(winner, seed: plan.seed, rate: rate, isFinal: true)
    let path = "\(folder)/model.safetensors"
    guard let kept = try finished(trial).artifact(trial.experiment.modelName, key: trial.experiment),
      let bytes = FileManager.default.contents(atPath: kept)
    else {
      throw StudyError.settings(
        "\(folder): the trained model is gone; give the same command again with another --out")
    }
    try AtomicFile.write(bytes, to: path)
    return path
  }
}
