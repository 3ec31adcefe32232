import Datasets
import Evaluation
import Formats
import Foundation
import Models

extension SearchRun.Outcome {
  /// `results.json`: what was chosen and why, every figure, and what is needed to get it again.
  /// - Throws: `EncodingError`.
  public func json(_ dataset: Dataset) throws -> String {
    let verdict = try SearchVerdict(self)
    func scores(_ list: [SearchChoice.Score]) -> JSON.Value { .value(list) }
    return try JSON.text(
      JSON.Value.object([
        "verdict": .value(verdict.sentences), "chosen": .value(winner),
        "test": .object([
          "error": .object([
            "control": .value(verdict.control.error), "controlOfItsLength": .value(verdict.peer?.error),
            "chosen": .value(verdict.chosen.error),
            "adversarial": .value(verdict.adversarial?.error),
            "adversarialStart": .value(verdict.start?.error),
          ])
        ]),
        "comparison": .object([
          "chosenAgainstControl": .value(verdict.gain),
          "chosenAgainstControlOfItsLength": .value(verdict.equalGain),
          "adversarialAgainstControl": .value(verdict.adversarialGain),
          "adversarialAgainstItsStart": .value(verdict.adversarialWorth),
        ]),
        "attack": .object([
          "examples": .value(verdict.examples), "seconds": .number(verdict.adversarial?.seconds),
          "secondsOfControl": .number(verdict.control.seconds),
        ]),
        "search": .object([
          "learningRate": learningRate.map { .value($0) } ?? .value("the family's own optimiser"),
          "lastRound": scores(choice.scores), "leftOut": scores(choice.left),
        ]),
        "plan": .value(plan),
        "dataset": .object([
          "name": .value(dataset.name), "train": .value(dataset.train.count),
          "test": .value(dataset.test.count),
          "digest": .value(dataset.digest), "notes": .value(dataset.notes),
        ]),
        "definitions": .value([
          "change":
            "validation error against the same data's with the same seed, less 1: the mean over seeds",
          "error":
            "mean squared difference of a sample's values (classifiers: share of wrong classes), mean over the test samples",
          "test":
            "read once, by the arms under test.error; all choices are made on held-out training samples",
          "interval":
            "BCa, 95 %, of the paired difference in percent of the control's mean; p by the sign-flip test",
        ]),
      ]))
  }
}
