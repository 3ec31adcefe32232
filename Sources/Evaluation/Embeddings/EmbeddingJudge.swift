import Models
import Torch

/// An encoder with what its embeddings of training samples teach: neighbours that vote, and a linear head. Nothing of the
/// encoder is trained.
public struct EmbeddingJudge: Sendable {
  /// What is judged.
  public let encoder: any Model
  /// The logistic regression that is fitted to the training samples' embeddings.
  public let head: LogisticProbe
  private let vote: NeighbourVote
  private let digest: String
  private let trainSamples: Int

  /// The test samples that alignment and uniformity are taken of, at most.
  public static let mostPairs = 2000

  /// - Parameter train: with labels, whose number of classes counts.
  /// - Throws: ``MeasureError`` where labels are missing or all of one class; what the encoder throws.
  public init(_ encoder: any Model, _ train: TrainingData) throws {
    guard let labels = train.labels else { throw Self.unlabelled(encoder) }
    digest = try encoder.digest()
    let classes = (labels.max() ?? 0) + 1
    let bank = try embeddings(encoder, train.samples)
    vote = try NeighbourVote(bank, labels: labels, classes: classes)
    head = try LogisticProbe(bank, labels: labels, classes: classes)
    trainSamples = train.count
    self.encoder = encoder
  }

  private static func unlabelled(_ encoder: any Model) -> MeasureError {
    MeasureError(
      "\(encoder.name) is judged by how its embeddings tell classes apart, and the data have no labels")
  }

  /// - Parameters:
  ///   - test: with labels.
  ///   - views: what alignment is about.
  /// - Throws: ``MeasureError`` where labels are missing, or the encoder changed as it was judged; what the encoder throws.
  public func quality(
    of test: TrainingData, views: RandomViews, seed: UInt64 = 0
  ) throws -> EmbeddingQuality {
    guard let truth = test.labels else { throw Self.unlabelled(encoder) }
    guard test.count > 1 else { throw MeasureError("there are too few test samples to judge embeddings by") }
    let asked = try embeddings(encoder, test.samples)
    func share(_ predicted: [Int]) -> Double { mean(zip(predicted, truth).map { $0 == $1 ? 1.0 : 0 }) }
    let few = test.samples[0..<min(test.count, Self.mostPairs)]
    let pair = try (0..<2).map { view in
      try embeddings(
        encoder,
        withoutGrad { views(few, Self.sources(few.shape[0], view, views, encoder.sampleShape, seed)) })
    }
    let quality = EmbeddingQuality(
      knn10: share(try vote.predict(asked, neighbours: 10)),
      knn200: share(try vote.predict(asked, neighbours: 200)), linear: share(head.predict(asked)),
      alignment: EmbeddingQuality.alignment(pair[0], pair[1]),
      uniformity: EmbeddingQuality.uniformity(asked[0..<few.shape[0]]), trainSamples: trainSamples,
      testSamples: test.count)
    guard try encoder.digest() == digest else {
      throw MeasureError("\(encoder.name) changed as its embeddings were judged: it is not frozen")
    }
    return quality
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
}
