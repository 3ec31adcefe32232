import Datasets
import Experiments
import Formats
import Foundation
import Models

/// What `uae augment` prints at the end of a search.
enum SearchSummary {
  static func print(_ outcome: SearchRun.Outcome, _ dataset: Dataset, folder: String) throws {
    let verdict = try SearchVerdict(outcome), plan = outcome.plan
    let rate = outcome.learningRate.map { "Adam at \($0.text(.general(2)))" } ?? "the family's own optimiser"
    Swift.print(
      "\(dataset.name) (\(dataset.train.count) training, \(dataset.test.count) test), \(plan.model), "
        + "\(plan.updates) updates by \(rate)\n")
    Swift.print("held-out error against the same data's")
    let rebuilds = try ModelFamilies.named(plan.model).outputs.contains(.reconstruction)
    let measure = rebuilds ? "mean squared difference" : "share of wrong classes"
    let scores = outcome.choice.scores + outcome.choice.left
    for score in scores {
      let change = score.change.isFinite ? score.change.text(.change(1)) : "diverged"
      line(score.candidate.name, "\(change)  (\(score.seeds) seed\(score.seeds == 1 ? "" : "s"))")
    }
    Swift.print(
      "\nerror on the test set (\(measure)), \(plan.seeds) seed\(plan.seeds == 1 ? "" : "s")")
    var shown: Set<String> = []
    for arm in [verdict.control, verdict.chosen, verdict.peer, verdict.adversarial, verdict.start].compactMap(
      { $0 })
    where shown.insert(arm.name).inserted {
      line(arm.name, "\(arm.error)  (\(arm.seconds.durationText) per training)")
    }
    if let examples = verdict.examples {
      Swift.print(
        "\nadversarial examples of the first seed: success \(examples.successRate.text(.percent(1))), "
          + "‖δ‖₂ \(examples.l2.text(.general(3)))")
    }
    Swift.print("")
    for sentence in verdict.sentences { Swift.print(sentence) }
    let files = ["results.json", "model.safetensors"] + (outcome.picture == nil ? [] : ["examples.png"])
    Swift.print("\n" + files.map { "\(folder)/\($0)" }.joined(separator: ", "))
  }

  private static func line(_ name: String, _ text: String) {
    Swift.print("  " + name.padding(toLength: max(72, name.count + 2), withPad: " ", startingAt: 0) + text)
  }
}
