import Attacks
import Datasets
import Experiments
import Foundation
import Models
import Runs
import Synchronization
import Testing

@Suite struct AugmentRunTests {
  let folder = NSTemporaryDirectory() + "augment-\(UUID().uuidString)"

  func plan(_ recipe: Recipe = .farNoise, seeds: [UInt64] = [1], epochs: Int = 3) throws -> AugmentPlan {
    let digits = try DatasetLoader.load("digits", options: .init(limit: 150))
    return try AugmentPlan(
      digits, model: "dense-autoencoder", recipe: recipe, training: .init(epochs: epochs), seeds: seeds,
      threads: 2)
  }

  func results() throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/results.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  func figure(_ key: String, _ root: [String: Any]) -> Any? {
    key.split(separator: ".").reduce(root as Any?) { ($0 as? [String: Any])?[String($1)] }
  }

  static let keys = [
    "attack.successRate", "attack.mutualInformation.mean", "attack.perturbationL2.mean",
    "attack.samplesPerSecond",
    "test.error.original", "test.error.retrained",
    "test.error.repeatedControl",
  ]

  /// A classifier's examples keep their originals' classes, and its error is the share of wrong classes.
  @Test func aClassifierGoesTheWholeWay() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let digits = try DatasetLoader.load("digits", options: .init(limit: 150))
    func plan(_ criterion: String) throws -> AugmentPlan {
      var recipe = Recipe.farNoise
      recipe.criterion = Choice(criterion)
      return try AugmentPlan(
        digits, model: "classifier", recipe: recipe, training: .init(epochs: 4), seeds: [1], threads: 2)
    }
    let error = #expect(throws: ModelError.self) { try plan("reconstruction") }
    #expect(error?.description.contains("needs reconstruction") == true)
    let outcome = try AugmentRun(try plan("same-class"), folder: folder).run(progress: .quiet)
    let count = Double(digits.test.count)
    for name in ["original", "retrained", "repeatedControl"] {
      let wrong = try #require(outcome["test.error.\(name)"]).mean * count
      #expect(abs(wrong - wrong.rounded()) < 1e-6 && 0...count ~= wrong)
    }
    // At x itself the model names its own class, so the criterion holds there; it is no constant as for autoencoders.
    let before = try #require(outcome.audits.first?.criterionBefore)
    #expect(before.maximum < 0 && before.minimum < before.maximum)
  }

  /// Where no attack succeeds and failures are dropped there is nothing to learn from but the data: that is the control.
  @Test func withoutAnExampleTheRetrainedModelIsTheControl() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var recipe = Recipe.farNoise
    recipe.criterion = Choice("reconstruction", ["kappa": .real(100)])
    recipe.retraining.failures = .drop
    recipe.solver["iterations"] = .integer(2)
    let outcome = try AugmentRun(try plan(recipe), folder: folder).run(progress: .quiet)
    #expect(outcome["attack.successRate"]?.mean == 0)
    let errors = ["retrained", "repeatedControl", "original"].map { outcome["test.error.\($0)"]?.mean }
    #expect(errors[0] == errors[1] && errors[0] != errors[2])
  }

  @Test func theWholeWayLeavesItsFiguresUnderTheDocumentedKeys() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = try AugmentRun(try plan(), folder: folder).run(progress: .quiet)
    let root = try results()
    for key in Self.keys {
      let value = try #require(figure(key, root) as? Double, "\(key)")
      #expect(value.isFinite && value >= 0)
      #expect(abs((outcome[key]?.mean ?? .nan) - value) <= 1e-12 * value)
    }
    #expect(root["seeds"] as? [Int] == [1])
    #expect(figure("attack.successRate", root) as? Double ?? 0 > 0.5)
  }

  @Test func severalSeedsGiveMeanAndDeviation() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try AugmentRun(try plan(seeds: [4, 5]), folder: folder).run(progress: .quiet)
    let root = try results()
    for key in Self.keys {
      let value = try #require(figure(key, root) as? [String: Any])
      let values = try #require(value["values"] as? [Double])
      #expect(values.count == 2)
      #expect(
        abs((value["mean"] as? Double ?? .nan) - (values[0] + values[1]) / 2) < 1e-9 * (1 + abs(values[0])))
      #expect(value["standardDeviation"] is Double)
    }
    #expect(figure("comparison.retrainedAgainstRepeatedControl", root) != nil)
  }

  @Test(arguments: [Recipe.farNoise, .online])
  func anInterruptedRunEndsAsAnUndisturbedOne(_ recipe: Recipe) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = folder + "/whole", cut = folder + "/cut"
    _ = try AugmentRun(try plan(recipe), folder: whole).run(progress: .quiet)
    // Cancelled after every third question, over and over, until it is through.
    var tries = 0
    while true {
      let asked = Mutex(0)
      let allowed = 3 + 37 * tries  // solvers ask in every iteration
      let progress = RunProgress(
        style: .quiet,
        isCancelled: {
          asked.withLock { count in
            count += 1
            return count > allowed
          }
        })
      do {
        _ = try AugmentRun(try plan(recipe), folder: cut).run(progress: progress)
        break
      } catch is CancellationError {
        tries += 1
        try #require(tries < 100)
      }
    }
    #expect(tries > 0)
    for file in ["original", "retrained", "repeated-control"] {
      let path = "/seed-1/checkpoints/\(file).safetensors"
      #expect(
        FileManager.default.contents(atPath: whole + path)
          == FileManager.default.contents(atPath: cut + path),
        "\(file)")
    }
  }

  @Test func aFolderOfAnotherRunIsRefusedWithTheFirstDifference() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try AugmentRun(try plan(epochs: 1), folder: folder).run(progress: .quiet)
    let before = try Data(contentsOf: URL(fileURLWithPath: folder + "/results.json"))
    let error = #expect(throws: StudyError.self) {
      try AugmentRun(try plan(epochs: 2), folder: folder).run(progress: .quiet)
    }
    #expect(error?.description.contains("epochs: 1") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/results.json")) == before)
    let other = folder + "-other"
    defer { try? FileManager.default.removeItem(atPath: other) }
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: other + "/thesis.tex"))
    #expect(throws: StudyError.self) {
      try AugmentRun(try plan(), folder: other).run(progress: .quiet)
    }
  }

  @Test func samplesThatDoNotSuitTheModelAreRefusedBeforeAnyWork() throws {
    let digits = try DatasetLoader.load("digits", options: .init(limit: 1))
    #expect(throws: RecipeError.self) {
      try AugmentPlan(
        digits, model: "dense-autoencoder", recipe: .farMix, training: .init(), seeds: [1], threads: 1)
    }
    #expect(throws: ModelError.self) {
      try AugmentPlan(
        digits, model: "dense-autoencoder", recipe: .farNoise, training: .init(epochs: 0), seeds: [1],
        threads: 1)
    }
  }
}
