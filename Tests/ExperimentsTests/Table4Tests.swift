import Datasets
import Evaluation
import Experiments
import Foundation
import Models
import Runs
import Synchronization
import Testing
import Torch

@Suite struct Table4Tests {
  private static let plan = """
    name: test
    datasets: [digits]
    rows:
      dense-autoencoder: {epochs: 2, samples: 96}
    arms: [original, repeated, mine-uae, l2-uae, ga-0.01, mixup, pgd, far-noise]
    seeds: 2
    batchSize: 32
    uae: {alpha: 0.01, beta: 0.1, iterations: 3, epsilon: 1, kappa: 0, mineSteps: 2, mineLearningRate: 0.001}
    """

  private static let software = ["test": "1"]

  private static func runner(_ folder: String, _ cells: [Experiment]) throws -> CellRunner<Experiment> {
    try CellRunner(store: CellStore(folder: folder, software: software), cells: cells)
  }

  private static func run(workers: Int) throws -> (folder: String, cells: [FinishedCell<Experiment>]) {
    let folder = NSTemporaryDirectory() + "table4-\(UUID().uuidString)"
    let study = try Self.runner(folder, try Table4Plan.parse(plan, source: "test").cells())
    try study.run(workers: workers, progress: .quiet)
    return (folder, try study.finished())
  }

  @Test func theOriginalIsTheModelTrainedByItself() throws {
    let cells = try Self.run(workers: 1).cells
    let data = try DatasetLoader.load("digits", options: .init(limit: 96))
    let x = Tensor(data.train.values, [96] + data.sampleShape)
    let test = Tensor(data.test.values, [data.test.count] + data.sampleShape)
    for (arm, set) in [("original", x), ("repeated", concatenated([x, x]))] {
      let model = try Architecture(family: "dense-autoencoder", sampleShape: data.sampleShape).makeModel(
        seed: 2)
      var trainer = Trainer(model, seed: 2)
      for epoch in 0..<2 { _ = try trainer.epoch(epoch, TrainingData(set), batchSize: 32) }
      let errors = try reconstructionErrors(model, test)
      let found = try #require(cells.first { $0.cell.arm.name == arm && $0.cell.seed == 2 }).outcome
      // LibTorch's sums over other numbers of threads differ in the last bits.
      #expect(abs(found.testError / (errors.reduce(0, +) / Double(errors.count)) - 1) < 1e-3)
      #expect(found.updates == 2 * set.shape[0] / 32)
    }
  }

  @Test func cellsDoNotDependOnTheNumberOfWorkers() throws {
    let one = try Self.run(workers: 1).cells, three = try Self.run(workers: 3).cells
    #expect(one.count == 16)
    #expect(one.map(\.outcome.trained) == three.map(\.outcome.trained))
    #expect(one.map(\.outcome.equalUpdates) == three.map(\.outcome.equalUpdates))
    #expect(one.map(\.outcome.examples?.successRate) == three.map(\.outcome.examples?.successRate))
    #expect(one.map(\.outcome.examples?.criterionSample) == three.map(\.outcome.examples?.criterionSample))
    #expect(
      one.map(\.outcome.examples?.informationSample) == three.map(\.outcome.examples?.informationSample))
  }

  @Test func aStudyStoppedWithinAnAttackGoesOnWhereItWas() throws {
    let text = Self.plan.replacing("samples: 96", with: "samples: 600")
      .replacing("[original, repeated, mine-uae, l2-uae, ga-0.01, mixup, pgd, far-noise]", with: "[mine-uae]")
      .replacing("seeds: 2", with: "seeds: 1")
    let cells = try Table4Plan.parse(text, source: "test").cells()
    func study(_ name: String) throws -> CellRunner<Experiment> {
      try Self.runner(NSTemporaryDirectory() + "table4-\(name)-\(UUID().uuidString)", cells)
    }
    let whole = try study("whole"), stopped = try study("stopped")
    try whole.run(workers: 1, progress: .quiet)
    let scratch = stopped.store.folder + "/scratch"
    @Sendable func shards() -> Int {
      ((try? FileManager.default.subpathsOfDirectory(atPath: scratch)) ?? []).count {
        $0.hasSuffix(".safetensors")
      }
    }
    #expect(throws: CancellationError.self) {
      try stopped.run(workers: 1, progress: RunProgress(style: .quiet, isCancelled: { shards() > 0 }))
    }
    #expect(shards() == 1)
    let notes = Mutex<[String]>([])
    let progress = RunProgress(style: .lines, write: { line in notes.withLock { $0.append(line) } })
    try stopped.run(workers: 2, progress: progress)
    #expect(notes.withLock { $0.contains { $0.contains("resuming: ") } })
    #expect(try stopped.finished().map(\.outcome.trained) == whole.finished().map(\.outcome.trained))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch).isEmpty)
  }

  @Test func examplesAreWhatTheirArmSays() throws {
    for finished in try Self.run(workers: 2).cells {
      guard let examples = finished.outcome.examples else {
        #expect(["original", "repeated"].contains(finished.cell.arm.name))
        continue
      }
      #expect(0...1 ~= examples.successRate)
      switch finished.cell.arm.name {
      case "ga-0.01":
        let sigma = 0.01
        // Clipping to [0, 1] halves the noise of a pixel at the border; most of a digit's are there.
        #expect(examples.l2 < sigma * 8 * 1.2 && examples.l2 > sigma * 8 * 0.4)
      case "pgd": #expect(abs(examples.lInfinity - 0.1) < 1e-3)
      case "mine-uae", "l2-uae", "far-noise":
        #expect(examples.statuses.values.reduce(0, +) == 96)
        #expect(examples.criterionSample.allSatisfy { $0 <= 1e-5 }, "only successes are kept")
      default: break
      }
    }
  }

  @Test func theReportHasEveryArmAndItsPicturesExist() throws {
    let folder = try Self.run(workers: 2).folder
    try StudyRun<Table4>(
      plan: Table4Plan.parse(Self.plan, source: "test"), folder: folder, software: Self.software
    ).document().write(page: folder + "/page.md")
    let page = try String(contentsOfFile: folder + "/page.md", encoding: .utf8)
    for arm in try Table4Plan.parse(Self.plan, source: "test").arms {
      #expect(page.contains(" \(arm) "))
    }
    let pictures = page.matches(of: /!\[[^\]]*\]\(([^)]+)\)/).map { String($0.1) }
    // One a row of the table.
    #expect(pictures.count == 1)
    for picture in pictures { #expect(FileManager.default.fileExists(atPath: "\(folder)/\(picture)")) }
    let csv = try String(contentsOfFile: folder + "/page.csv", encoding: .utf8)
    #expect(csv.split(separator: "\n").count == 1 + 16)
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: folder + "/page.json")))
    #expect((json as? [Any])?.count == 16)
  }

  /// The gains that the paper's abstract and text name: 56.7 % on MNIST, 73.5 % on SVHN.
  @Test(arguments: [("mnist", 0.567), ("svhn", 0.735)])
  func thePublishedFiguresGiveThePublishedGain(_ dataset: String, _ gain: Double) throws {
    let before = try #require(
      PublishedTable4.figure(dataset: dataset, model: "sparse-autoencoder", arm: "original"))
    let after = try #require(
      PublishedTable4.figure(dataset: dataset, model: "sparse-autoencoder", arm: "mine-uae"))
    #expect(abs(1 - after.error / before.error - gain) < 5e-4)
  }

  @Test(arguments: Table4.scales.map(\.key))
  func theScalesAreRecipesThatParse(_ scale: String) throws {
    let plan = try Table4.plan(scale)
    #expect(try plan.cells().count == plan.datasets.count * plan.rows.count * plan.arms.count * plan.seeds)
    #expect(plan.uae.alpha == 0.01 && plan.uae.beta == 0.1 && plan.uae.epsilon == 1 && plan.uae.kappa == 0)
    #expect(plan.uae.iterations == (scale == "smoke" ? 5 : 40))
  }

  @Test(arguments: [
    ("epochs: 2", "epochs: 3", "must be even"), ("dense-autoencoder:", "deep:", "unknown model 'deep'"),
    ("pgd", "pdg", "unknown arm 'pdg'"), ("seeds: 2", "seeds: 0", "seeds is 0"),
    ("seeds: 2", "", "'seeds' is missing"),
    ("[digits]", "[digitz]", "unknown data set"), ("batchSize: 32", "batchSize: many", "batchSize"),
  ])
  func aBadPlanIsRefusedInOneLine(_ old: String, _ new: String, _ says: String) throws {
    let error = #expect(throws: StudyError.self) {
      try Table4Plan.parse(Self.plan.replacing(old, with: new), source: "bad.yaml")
    }
    let text = try #require(error).description
    #expect(text.contains(says) && text.contains("bad.yaml") && !text.contains("\n"))
  }
}
