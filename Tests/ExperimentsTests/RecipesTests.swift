import Datasets
import Evaluation
import Experiments
import Foundation
import Models
import Runs
import Testing
import Torch

@Suite struct RecipesTests {
  /// Run once for all tests that only read it.
  private static let finished = Result { try run(workers: 2) }

  private static func run(workers: Int) throws -> (folder: String, plan: RecipesPlan) {
    let folder = NSTemporaryDirectory() + "recipes-\(UUID().uuidString)"
    let plan = try Recipes.plan("smoke")
    try run(plan, folder, workers: workers)
    return (folder, plan)
  }

  private static func study(_ plan: RecipesPlan, _ folder: String) -> StudyRun<Recipes> {
    StudyRun(plan: plan, folder: folder, software: ["test": "1"])
  }

  private static func run(_ plan: RecipesPlan, _ folder: String, workers: Int = 2) throws {
    try study(plan, folder).run(workers: workers, progress: .quiet, command: "the command")
  }

  private static func found(_ folder: String) throws -> FinishedCells<Experiment> {
    try FinishedCells(folders: [folder], software: ["test": "1"])
  }

  private static func cells(_ folder: String) throws -> [String: Experiment.Outcome] {
    Dictionary(
      try found(folder).all.map { ("\($0.cell.label) \($0.cell.schedule.updates ?? 0)", $0.outcome) }
    ) { $1 }
  }

  @Test func figuresDoNotDependOnTheNumberOfWorkers() throws {
    let two = try Self.cells(try Self.finished.get().folder)
    let three = try Self.cells(try Self.run(workers: 3).folder)
    #expect(two.keys == three.keys && two.count > 30)
    for (label, outcome) in two {
      #expect(outcome.trained.validation == three[label]?.trained.validation, "\(label)")
      #expect(outcome.trained.test == three[label]?.trained.test, "\(label)")
      #expect(outcome.examples == three[label]?.examples, "\(label)")
    }
  }

  @Test func choicesSeeNoTestSampleAndTheComparisonHasEveryArm() throws {
    let (folder, plan) = try Self.finished.get()
    let found = try Self.found(folder), all = found.all
    for finished in all {
      #expect((finished.outcome.trained.test != nil) == finished.cell.usesTest)
      #expect(finished.cell.usesTest == (finished.cell.seed < 1000), "choices have seeds of their own")
    }
    let choice = try RecipesChoice(plan, found)
    for family in plan.families where family.grid != nil {
      let group = plan.development[0]
      let arm = try #require(choice.arm(family, in: group))
      // The choice is the lowest validation error, found here from the cells alone.
      let errors = all.filter {
        !$0.cell.usesTest && RecipesGroup($0.cell) == group && family.grid?.contains($0.cell.arm) == true
      }
      let best = errors.min {
        ($0.outcome.trained.validation ?? .nan) < ($1.outcome.trained.validation ?? .nan)
      }
      #expect(best == nil || best?.cell.arm == arm, "\(family.name)")
    }
    for family in plan.families {
      for group in plan.groups where family.only?.contains(group.label) != false {
        let arm = try #require(choice.arm(family, in: group))
        let seeds = all.filter { $0.cell.usesTest && RecipesGroup($0.cell) == group && $0.cell.arm == arm }
        #expect(Set(seeds.map(\.cell.seed)) == [1, 2], "\(family.name) on \(group.label)")
      }
    }
  }

  @Test func aFinishedStudyRunsNothingAgainAndItsPageIsComplete() throws {
    let (folder, plan) = try Self.finished.get()
    let cells = try FileManager.default.contentsOfDirectory(atPath: folder + "/cells")
    func dates() throws -> [Date] {
      try cells.sorted().map {
        try #require(
          try FileManager.default.attributesOfItem(atPath: "\(folder)/cells/\($0)")[.modificationDate]
            as? Date)
      }
    }
    let before = try dates()
    try Self.run(plan, folder)
    #expect(try dates() == before)
    try Self.study(plan, folder).document().write(page: folder + "/page.md")
    let page = try String(contentsOfFile: folder + "/page.md", encoding: .utf8)
    for family in plan.families { #expect(page.contains("| \(family.name) ")) }
    #expect(page.contains("\nthe command\n"))
    let pictures = page.matches(of: /!\[[^\]]*\]\(([^)]+)\)/).map { String($0.1) }
    #expect(pictures.count == 2 * plan.groups.count + 2)
    for picture in pictures { #expect(FileManager.default.fileExists(atPath: "\(folder)/\(picture)")) }
  }

  /// The control "noise of equal norm" is as far from the originals as the examples that it stands for.
  @Test func matchedNoiseIsAsLongAsTheExamples() throws {
    let cells = try Self.cells(try Self.finished.get().folder)
    let matched = cells.filter {
      $0.key.contains("noise of equal norm") && !$0.key.contains("online") && $0.value.examples != nil
    }
    #expect(!matched.isEmpty)
    for (label, outcome) in matched {
      let noise = try #require(outcome.examples?.l2)
      let uae = try #require(cells[label.replacing("noise of equal norm, ", with: "")]?.examples?.l2)
      #expect(uae > 0 && abs(noise / uae - 1) < 0.02, "\(label): \(noise), \(uae)")
    }
  }

  /// Written anew with the trainer alone: shuffled passes over 64 samples in batches of 32, a half-cosine, Adam.
  @Test func theSameDataIsAPlainTraining() throws {
    let (folder, plan) = try Self.finished.get()
    let group = plan.development[0]
    let data = try DatasetLoader.load("digits", options: .init(limit: group.pool))
    let all = Tensor(data.train.values, [group.pool] + data.sampleShape)
    let order = RandomStream(seed: 1, purpose: .split).permutation(group.pool - group.validation)
    let train = all.gathered(Array(order.prefix(group.samples)))
    let model = try Architecture(family: "dense-autoencoder", sampleShape: data.sampleShape).makeModel(
      seed: 1)
    var trainer = Trainer(
      model, optimizer: .adam(learningRate: group.learningRate), schedule: .cosine(steps: group.updates),
      seed: 1)
    for pass in 0..<(group.updates / 2) { _ = try trainer.epoch(pass, TrainingData(train), batchSize: 32) }
    let test = Tensor(data.test.values, [data.test.count] + data.sampleShape)
    let errors = try reconstructionErrors(model, test)
    let found = try #require(
      try Self.cells(folder)["\(group.label)/none/seed-1/test \(group.updates)"]?.trained.test)
    #expect(abs(found / (errors.reduce(0, +) / Double(errors.count)) - 1) < 1e-3)
  }

  @Test(arguments: Recipes.scales.map(\.key))
  func theScalesParse(_ scale: String) throws {
    let plan = try Recipes.plan(scale)
    #expect(plan.tuningCells.allSatisfy { !$0.usesTest })
    #expect(plan.families.contains { $0.isRecipe == true })
  }

  @Test(arguments: [
    ("samples: 64", "samples: 1", "at least 2 samples"),
    ("model: dense-autoencoder", "model: deep", "unknown model 'deep'"),
    ("tuned noise", "quiet noise", "needs a grid"), ("sigma: 0.1", "sigma: -1", "sigma is -1"),
    ("seeds: 2", "seeds: 0", "seeds must be"),
  ])
  func aWrongPlanIsRefusedInOneLine(_ old: String, _ new: String, _ part: String) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Plans/recipes-smoke.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let range = try #require(text.range(of: old))
    let error = #expect(throws: StudyError.self) {
      try RecipesPlan.parse(text.replacingCharacters(in: range, with: new), source: "r.yaml")
    }
    let message = error?.description ?? ""
    #expect(message.contains(part) && !message.contains("\n"), "\(message)")
  }
}
