import Datasets
import Evaluation
import Formats
import Foundation
import Runs
import Torch

/// `results.json`: every figure under its documented key, and what is needed to get it again.
enum AugmentResults {
  /// With one seed a figure is a number; with several an object with `mean`, `standardDeviation` and `values`.
  static func json(_ plan: AugmentPlan, _ outcome: AugmentRun.Outcome) throws -> String {
    var root: [String: JSON.Value] = [:]
    for (key, summary) in outcome.figures {
      insert(
        summary.values.count == 1 ? .value(summary.mean) : .value(summary),
        key.split(separator: ".").map(String.init)[...], into: &root)
    }
    if plan.seeds.count > 1 { root["comparison"] = .object(try comparisons(outcome)) }
    root["audit"] = outcome.audits.count == 1 ? .value(outcome.audits[0]) : .value(outcome.audits)
    root["seeds"] = .value(plan.seeds)
    root["dataset"] = .object([
      "name": .value(plan.dataset.name), "train": .value(plan.train.count), "test": .value(plan.test.count),
      "digest": .value(plan.dataset.digest), "notes": .value(plan.dataset.notes),
    ])
    root["model"] = .object([
      "kind": .value(plan.architecture.family), "sampleShape": .value(plan.architecture.sampleShape),
      "code": .value(plan.architecture.code), "epochs": .value(plan.epochs),
      "batchSize": .value(plan.training.batchSize),
    ])
    root["recipe"] = .value(plan.recipe)
    root["software"] = .value(
      Software.versions(libtorch: LibTorch.version, device: "\(plan.train.samples.device)"))
    root["definitions"] = .value([
      "success": "f(x') <= 0 at the returned x' != x",
      "returned iterate": "the feasible one with the least similarity",
      "successRate": "over all attacked samples",
      "mutualInformation": "-1/2 ln(1 - cos^2(x, x')) nats, over the successes",
      "error":
        "mean squared difference of a sample's values (classifiers: share of wrong classes), mean over the samples",
      "nearlyUnchanged": "share of the successes within 0.01 sqrt(d) of their original",
    ])
    return try JSON.text(JSON.Value.object(root))
  }

  private static func insert(
    _ value: JSON.Value, _ path: ArraySlice<String>, into node: inout [String: JSON.Value]
  ) {
    guard let head = path.first else { return }
    if path.count == 1 {
      node[head] = value
    } else {
      var child: [String: JSON.Value] = if case .object(let members)? = node[head] { members } else { [:] }
      insert(value, path.dropFirst(), into: &child)
      node[head] = .object(child)
    }
  }

  /// Retrained against original and against the repeated data, paired by seed.
  private static func comparisons(_ outcome: AugmentRun.Outcome) throws -> [String: JSON.Value] {
    let key = "test.error."
    guard let retrained = outcome[key + "retrained"]?.values else { return [:] }
    var result: [String: JSON.Value] = [:]
    for base in ["original", "repeatedControl"] {
      guard let reference = outcome[key + base]?.values else { continue }
      result["retrainedAgainst" + base.prefix(1).uppercased() + base.dropFirst()] = .value(
        try PairedComparison(treatment: retrained, baseline: reference, seed: 1))
    }
    return result
  }
}
