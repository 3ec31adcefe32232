import Evaluation
import Experiments
import Formats
import Reports

/// The table that `uae augment` prints.
enum AugmentSummary {
  static func print(_ plan: AugmentPlan, _ outcome: AugmentRun.Outcome, folder: String) throws {
    func value(_ key: String, _ scale: Double = 1, _ unit: String = "") -> String {
      guard let summary = outcome[key] else { return "–" }
      let scaled = (try? Summary(summary.values.map { $0 * scale })) ?? summary
      return scaled.description + unit
    }
    let seeds = plan.seeds.count == 1 ? "seed \(plan.seeds[0])" : "\(plan.seeds.count) seeds"
    Swift.print(
      "\(plan.dataset.name) (\(plan.train.count) training, \(plan.test.count) test), "
        + "\(plan.architecture.family), recipe \(plan.recipe.name), \(plan.epochs) epochs, \(seeds)\n")
    Swift.print("attack on the training set")
    for (name, text) in [
      ("success rate", value("attack.successRate", 100, " %")),
      ("‖δ‖₂ of the successes", value("attack.perturbationL2.mean")),
      ("exact information", value("attack.mutualInformation.mean", 1, " nats")),
      ("nearly unchanged", value("attack.nearlyUnchanged", 100, " %")),
      ("speed", value("attack.samplesPerSecond", 1, " samples/s")),
      (
        "time in model / similarity",
        "\(value("attack.share.model", 100, " %")) / \(value("attack.share.similarity", 100, " %"))"
      ),
    ] { Swift.print("  " + name.padded(to: 28) + text) }
    if let audit = outcome.audits.first {
      let which = plan.seeds.count > 1 ? ", first seed" : ""
      Swift.print("\naudit of the examples as read back from their files\(which)")
      for finding in audit.findings { Swift.print("  PROBLEM: \(finding)") }
      for fact in audit.facts { Swift.print("  \(fact)") }
    }
    Swift.print(
      outcome.original.outputs.contains(.reconstruction)
        ? "\nreconstruction error on the test set (mean squared difference)"
        : "\nerror rate on the test set (share of wrong classes)")
    let key = "test.error."
    let base = outcome[key + "original"]?.mean ?? .nan
    for (name, column) in [
      ("original", "original"), ("retrained with UAEs", "retrained"),
      ("control: data repeated", "repeatedControl"),
    ] {
      guard let summary = outcome[key + column] else { continue }
      let note = column == "original" ? "" : "  (\((summary.mean / base - 1).text(.change(1))))"
      Swift.print("  " + name.padded(to: 28) + summary.description + note)
    }
    if plan.seeds.count > 1, let retrained = outcome[key + "retrained"]?.values,
      let control = outcome[key + "repeatedControl"]?.values
    {
      let test = try PairedComparison(treatment: retrained, baseline: control, seed: 1)
      let p = test.test.pValue.text(.general(3))
      Swift.print("  retrained against the repeated data: p = \(p) (sign-flip test)")
    }
    Swift.print(
      "\n\(folder)/results.json" + (plan.dataset.sampleShape.count == 3 ? ", \(folder)/examples.png" : ""))
  }
}
