import Foundation
import Torch

/// What an encoder's embeddings are worth, judged by classes that it has never seen: nothing of the encoder is trained.
public struct EmbeddingQuality: Codable, Equatable, Sendable {
  /// The share of test samples whose class a vote of 10, of 200 neighbours (temperature 0.1) among the training samples names.
  public var knn10: Double
  /// The same by 200 neighbours.
  public var knn200: Double
  /// The same of a logistic regression that is fitted to the training samples.
  public var linear: Double
  /// The mean squared distance of the unit embeddings of two views of a test sample (Wang and Isola 2020): the smaller, the less
  /// views matter.
  public var alignment: Double
  /// log mean exp(−2 ‖a − b‖²) over pairs of test samples' unit embeddings: the smaller, the more evenly they lie.
  public var uniformity: Double
  /// Samples that are judged by.
  public var trainSamples: Int
  /// Samples that are judged.
  public var testSamples: Int

  /// The measures by their names.
  public var figures: [(name: String, value: Double)] {
    [
      ("kNN 10", knn10), ("kNN 200", knn200), ("linear", linear), ("alignment", alignment),
      ("uniformity", uniformity),
    ]
  }

  /// The mean of ‖a_i − b_i‖² over the unit rows of `[n, d]`.
  public static func alignment(_ a: Tensor, _ b: Tensor) -> Double {
    (a.unitRows() - b.unitRows()).to(.float64).square().sum(1).mean().item
  }

  /// log mean exp(−2 ‖a_i − a_j‖²) over the pairs i < j of the unit rows of `[n, d]`, n > 1.
  public static func uniformity(_ a: Tensor) -> Double {
    let unit = a.to(.float64).unitRows(), count = Double(a.shape[0])
    // Of unit vectors the squared distance is 2 − 2 cos; the diagonal adds a 1 for each row.
    let all = ((matmul(unit, unit.transposed()) - 1) * 4).exp().sum().item
    return log((all - count) / (count * (count - 1)))
  }
}
