import Foundation
import Models
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

  /// The test samples that alignment and uniformity are taken of, at most.
  public static let mostPairs = 2000

  /// - Parameters:
  ///   - train: with labels, whose number of classes counts.
  ///   - test: with labels.
  ///   - views: what alignment is about.
  /// - Throws: ``MeasureError`` where labels are missing or all of one class, or the encoder changes as it is judged; what the
  ///   model throws.
  public init(
    _ model: any Model, train: TrainingData, test: TrainingData, views: RandomViews, seed: UInt64 = 0
  ) throws {
    guard let known = train.labels, let truth = test.labels else {
      throw MeasureError(
        "\(model.name) is judged by how its embeddings tell classes apart, and the data have no labels")
    }
    guard test.count > 1 else { throw MeasureError("there are too few test samples to judge embeddings by") }
    let before = try model.digest()
    let classes = (known.max() ?? 0) + 1
    let bank = try embeddings(model, train.samples), asked = try embeddings(model, test.samples)
    let vote = try NeighbourVote(bank, labels: known, classes: classes)
    let probe = try LogisticProbe(bank, labels: known, classes: classes)
    func share(_ predicted: [Int]) -> Double { mean(zip(predicted, truth).map { $0 == $1 ? 1.0 : 0 }) }
    knn10 = share(try vote.predict(asked, neighbours: 10))
    knn200 = share(try vote.predict(asked, neighbours: 200))
    linear = share(probe.predict(asked))
    let few = test.samples[0..<min(test.count, Self.mostPairs)]
    let pair = try (0..<2).map { view in
      try embeddings(
        model, withoutGrad { views(few, Self.sources(few.shape[0], view, views, model.sampleShape, seed)) })
    }
    alignment = Self.alignment(pair[0], pair[1])
    uniformity = Self.uniformity(asked[0..<few.shape[0]])
    trainSamples = train.count
    testSamples = test.count
    guard try model.digest() == before else {
      throw MeasureError("\(model.name) changed as its embeddings were judged: it is not frozen")
    }
  }

  private static func sources(
    _ count: Int, _ view: Int, _ views: RandomViews, _ shape: [Int], _ seed: UInt64
  ) -> [RandomViews.Source] {
    (0..<count).map {
      RandomViews.Source(
        RandomStream(seed: seed, purpose: .judgedViews, index: $0),
        position: UInt64(view) * views.blocks(shape))
    }
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
