import Attacks
import Evaluation
import Models
import MutualInformation
import Torch

/// An encoder with a linear head on its embeddings: a classifier that can be attacked as any other.
package struct HeadedEncoder: Model {
  private let encoder: any Model
  private let head: LogisticProbe

  /// The encoder with its judge's head.
  package init(_ judge: EmbeddingJudge) {
    encoder = judge.encoder
    head = judge.head
  }

  package var name: String { encoder.name }
  package var sampleShape: [Int] { encoder.sampleShape }
  package var outputs: Set<Output> { [.logits] }
  package var device: Device { encoder.device }
  package func digest() throws -> String { try encoder.digest() }
  package func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? {
    try encoder.views(name, samples: samples)
  }

  package func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    guard output == .logits else { throw lacks(output) }
    return head.logits(try encoder.output(.embedding, of: x))
  }

  /// The share of samples that keep their class under projected gradient descent: 20 steps of ε/8 in the largest change.
  ///
  /// - Parameters:
  ///   - test: with labels, of which the first are attacked.
  ///   - epsilon: the largest change of a value, by default that of which much is left to encoders that never saw an attack.
  package func robustAccuracy(
    _ test: TrainingData, epsilon: Double = 2.0 / 255, count: Int = 256, threads: Int,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Double {
    guard let labels = test.labels else {
      throw MeasureError("\(name) is attacked by the samples' classes, and the data have no labels")
    }
    let own = Array(labels.prefix(count)), set = test.samples[0..<own.count]
    let attack = Attack(
      criterion: Misclassification(labels: own) { try self.output(.logits, of: $0) }, similarity: Distance(),
      solver: PGD(epsilon: epsilon, alpha: epsilon / 8, iterations: 20), seed: 1, device: device)
    let result = try attack.run(set, range: 0..<own.count, threads: threads, isCancelled: isCancelled)
    return mean(zip(try predictedClasses(self, result.perturbed), own).map { $0 == $1 ? 1 : 0 })
  }
}
