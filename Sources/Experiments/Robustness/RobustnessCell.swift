import Attacks
import Evaluation
import Models
import Torch

/// A classifier trained in one way, and how much of the test set attacks leave to it.
package struct RobustnessCell: StudyCell {
  package var experiment: Experiment
  package var attacked: Int
  package var epsilons: [Double]
  package var iterations: Int

  package struct Outcome: Codable, Sendable {
    /// On the whole test set.
    package var error: Double
    /// Of the attacked samples, the share that has its class also after the attack: one a bound.
    package var robustAccuracy: [Double]
    /// The share of the training samples whose search for an example succeeded; nil where there was none.
    package var examples: Double?
    package var seconds: Double
  }

  package var label: String { "\(experiment.label)/attacked" }
  package var sets: [DataPart] { experiment.sets }

  package func run(_ context: CellContext) throws -> Outcome {
    var training = experiment
    training.keepsModel = true
    let found = try training.run(context)
    let path = try context.artifact(training.modelName, key: training) {
      throw StudyError.settings("\(label): the trained model is gone")
    }
    let model = try Checkpoint.read(path, device: context.data.device).model
    let parts = try experiment.data.load(context.data, seed: experiment.seed)
    guard let labels = parts.test.labels else {
      throw StudyError.settings("\(experiment.data.dataset) has no labels")
    }
    let count = min(attacked, parts.test.count)
    let set = parts.test.samples[0..<count], own = Array(labels.prefix(count))
    let robust = try epsilons.map { epsilon -> Double in
      let attack = Attack(
        criterion: Misclassification(labels: own) { try model.output(.logits, of: $0) },
        similarity: Distance(), solver: APGD(epsilon: epsilon, iterations: iterations), seed: 1,
        device: model.device)
      let result = try attack.run(
        set, range: 0..<count, threads: context.threads, isCancelled: context.stopsEarly)
      return mean(zip(try predictedClasses(model, result.perturbed), own).map { $0 == $1 ? 1 : 0 })
    }
    return Outcome(
      error: found.testError, robustAccuracy: robust, examples: found.examples?.successRate,
      seconds: found.trainingSeconds + found.attackSeconds)
  }
}
