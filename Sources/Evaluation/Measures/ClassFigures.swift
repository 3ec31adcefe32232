import Formats
import Models
import Torch

/// What examples do to a classifier's decisions, by the class with the largest logit of the samples as they are written.
public struct ClassFigures: Codable, Equatable, Sendable {
  /// The share of the originals that are given the class of their label.
  public let accuracy: Double
  /// The same share of the examples; where an attack failed, the original is one.
  public let robustAccuracy: Double
  /// How many originals are given the class of their label.
  public let correct: Int
  /// The share of those with an example of another class; NaN for none.
  public let successRateOfCorrect: Double

  /// - Parameters:
  ///   - originals: `[count, …]`, one for each example.
  ///   - perturbed: the examples `[count, …]`.
  ///   - labels: the class of each original, from 0.
  /// - Throws: what the model throws where it has no logits.
  public init(_ model: any Model, _ originals: Tensor, _ perturbed: Tensor, labels: [Int]) throws {
    self.init(
      before: try predictedClasses(model, originals), after: try predictedClasses(model, perturbed),
      labels: labels)
  }

  /// - Parameters:
  ///   - before: the class that a model gives each original.
  ///   - after: the one it gives each example.
  ///   - labels: the class of each original, from 0.
  public init(before: [Int], after: [Int], labels: [Int]) {
    let right = labels.indices.filter { before[$0] == labels[$0] }
    correct = right.count
    accuracy = mean(labels.indices.map { before[$0] == labels[$0] ? 1 : 0 })
    robustAccuracy = mean(labels.indices.map { after[$0] == labels[$0] ? 1 : 0 })
    successRateOfCorrect = mean(right.map { after[$0] == labels[$0] ? 0 : 1 })
  }

  /// Of all examples, and of those whose originals were classified correctly.
  public var text: String {
    "accuracy \(percent(accuracy)) on the originals, \(percent(robustAccuracy)) on the examples; "
      + "\(percent(successRateOfCorrect)) of the \(correct) that were classified correctly are not any more"
  }

  private func percent(_ share: Double) -> String { "\((share * 100).text(.general(4))) %" }
}
