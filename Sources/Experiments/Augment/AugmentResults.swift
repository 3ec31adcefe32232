import Datasets
import Evaluation
import Foundation
import Yams

/// `results.json`: every figure under its documented key, and what is needed to get it again.
enum AugmentResults {
  /// With one seed a figure is a number; with several an object with `mean`, `standardDeviation` and `values`.
  static func json(_ plan: AugmentPlan, _ outcome: AugmentRun.Outcome) throws -> Data {
    var root: [String: Any] = [:]
    for (key, summary) in outcome.figures {
      let value: Any =
        summary.values.count == 1
        ? summary.mean
        : ["mean": summary.mean, "standardDeviation": summary.standardDeviation, "values": summary.values]
      insert(value, key.split(separator: ".").map(String.init)[...], into: &root)
    }
    if plan.seeds.count > 1 { root["comparison"] = try comparisons(outcome) }
    let audits = try outcome.audits.map { try JSONSerialization.jsonObject(with: JSONEncoder().encode($0)) }
    root["audit"] = audits.count == 1 ? audits[0] : audits
    root["seeds"] = plan.seeds.map { Int($0) }
    root["dataset"] = [
      "name": plan.dataset.name, "train": plan.train.count, "test": plan.test.count,
      "digest": plan.dataset.digest, "notes": plan.dataset.notes,
    ]
    root["model"] = [
      "kind": plan.architecture.family, "sampleShape": plan.architecture.sampleShape,
      "code": plan.architecture.code, "epochs": plan.epochs, "batchSize": plan.training.batchSize,
    ]
    root["recipe"] = try Yams.load(yaml: plan.recipe.yaml)
    root["software"] = Software.versions
    root["definitions"] = [
      "success": "f(x') <= 0 at the returned x' != x",
      "returned iterate": "the feasible one with the least similarity",
      "successRate": "over all attacked samples",
      "mutualInformation": "-1/2 ln(1 - cos^2(x, x')) nats, over the successes",
      "error":
        "mean squared difference of a sample's values (classifiers: share of wrong classes), mean over the samples",
      "nearlyUnchanged": "share of the successes within 0.01 sqrt(d) of their original",
    ]
    return try JSONSerialization.data(withJSONObject: root, options: [.prettyPrinted, .sortedKeys])
  }

  private static func insert(_ value: Any, _ path: ArraySlice<String>, into node: inout [String: Any]) {
    guard let head = path.first else { return }
    if path.count == 1 {
      node[head] = value
    } else {
      var child = node[head] as? [String: Any] ?? [:]
      insert(value, path.dropFirst(), into: &child)
      node[head] = child
    }
  }

  /// Retrained against original and against the repeated data, paired by seed.
  private static func comparisons(_ outcome: AugmentRun.Outcome) throws -> Any {
    let key = "test.error."
    guard let retrained = outcome[key + "retrained"]?.values else { return [:] }
    var result: [String: Any] = [:]
    for base in ["original", "repeatedControl"] {
      guard let reference = outcome[key + base]?.values else { continue }
      let comparison = try PairedComparison(treatment: retrained, baseline: reference, seed: 1)
      let data = try JSONEncoder().encode(comparison)
      result["retrainedAgainst" + base.prefix(1).uppercased() + base.dropFirst()] =
        try JSONSerialization.jsonObject(with: data)
    }
    return result
  }
}
