import Attacks
import Datasets
import Evaluation
import Foundation
import Models
import Testing
import Torch

/// Published classifiers of MNIST and the published figures of attacks on them, in the folder that `UAE_MODELS` names.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["UAE_MODELS"] != nil
      && ProcessInfo.processInfo.environment["UAE_DATA"] != nil,
    "UAE_MODELS and UAE_DATA name no classifiers and no MNIST"))
struct PublishedClassifierTests {
  /// The error in images of an attack on the first of MNIST's test images.
  private func errors(
    _ name: String, _ solver: Choice, surrogate: Surrogate = .crossEntropy, count: Int
  ) throws -> (errors: Int, result: AttackResult, set: Tensor) {
    let folder = ProcessInfo.processInfo.environment["UAE_MODELS"] ?? ""
    var options = DatasetLoader.Options(limit: count)
    options.part = .test
    let data = try DatasetLoader.load("mnist", options: options)
    let labels = try #require(data.train.labels)
    let set = Tensor(data.train.values, [count, 1, 28, 28])
    let model = try ScriptModel.load(
      "\(folder)/\(name).pt", samples: set, reading: ScriptReading(), for: .logits)
    let recipe = Recipe(
      name, criterion: Choice("misclassification", ["surrogate": .text(surrogate.rawValue)]),
      similarity: Choice("l2"), start: Choice("zero"), solver: solver)
    let attack = try recipe.makeAttack(on: model, samples: set, labels: labels, seed: 1)
    let result = try attack.run(set, range: 0..<count, threads: 2)
    let after = try predictedClasses(model, result.perturbed)
    return (zip(after, labels).count { $0 != $1 }, result, set)
  }

  /// Wong and Kolter's published error of the fast gradient sign method at ε = 0.1 is 3.90 %.
  @Test func fgsmOnAProvablyRobustClassifierHasThePublishedError() throws {
    let found = try errors("provable-mnist-0.1", Choice("fgsm", ["epsilon": .real(0.1)]), count: 10_000)
    #expect(found.errors == 390)
  }

  /// At ε = 0.1 no attack can have an error above 5.8 %, over all images; stronger attacks find no less than weaker ones, and
  /// none leaves the ball.
  @Test func attacksAreOrderedByStrengthAndStayInTheBall() throws {
    let count = 512, model = "provable-mnist-0.1"
    func settings(_ more: [String: SettingValue] = [:]) -> [String: SettingValue] {
      more.merging(["epsilon": .real(0.1)]) { $1 }
    }
    var last = 0
    for choice in [
      Choice("fgsm", settings()), Choice("pgd", settings()),
      Choice("apgd", settings(["iterations": .integer(40)])),
    ] {
      let found = try errors(model, choice, count: count)
      // One image more or less is chance.
      #expect(found.errors >= last - 1, "\(choice)")
      #expect(
        (found.result.perturbed - found.set).flattened().abs().max(1).doubles.allSatisfy { $0 <= 0.1 + 1e-6 })
      #expect(found.result.perturbed.doubles.allSatisfy { 0...1 ~= $0 })
      last = found.errors
    }
  }

  /// Where everything may change every image is broken.
  @Test func withoutABoundEveryImageIsBroken() throws {
    let found = try errors(
      "madry-mnist-lenet", Choice("pgd", ["epsilon": .real(1), "alpha": .real(0.05)]), count: 64)
    #expect(found.errors == 64)
  }
}
