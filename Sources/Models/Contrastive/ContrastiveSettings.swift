import Torch

/// What a step of contrastive learning does with a batch.
public struct ContrastiveSettings: Codable, Equatable, Sendable {
  /// How the two views of a sample are made.
  public var views: RandomViews
  /// τ of the loss.
  public var temperature = 0.5
  /// Whether both views pass through the network together, so that batch norm takes its statistics over both (as the reference
  /// does), or one after the other.
  public var joinsViews = true

  public init(views: RandomViews) { self.views = views }

  /// NT-Xent of one view of each sample and one of its target, which is the sample itself unless it was changed. What is drawn
  /// depends on the step and on the sample's place in the epoch's data alone.
  ///
  /// - Throws: ``ModelError`` for a single sample, which has nothing to be told apart from.
  func loss(_ model: ContrastiveEncoder, _ batch: Batch, _ random: RandomStream) throws -> Tensor {
    guard batch.indices.count > 1 else {
      throw ModelError.settings(
        "\(model.name) tells samples of a batch apart, and a batch has one alone: choose another batch size")
    }
    let first = views(batch.samples, sources(batch, 0, random, model.sampleShape))
    let second = views(batch.targets, sources(batch, 1, random, model.sampleShape))
    var pass = Pass.training(random)
    func projections(_ x: Tensor) -> Tensor { model.projector(model.encoder(x, &pass), &pass) }
    guard joinsViews else {
      return ntXent(projections(first), projections(second), temperature: temperature)
    }
    let count = batch.indices.count
    let both = projections(concatenated([first, second]))
    return ntXent(both[0..<count], both[count..<2 * count], temperature: temperature)
  }

  /// Where the numbers for the given view of each sample of a batch begin, apart from those that layers draw.
  func sources(
    _ batch: Batch, _ view: Int, _ random: RandomStream, _ sampleShape: [Int]
  ) -> [RandomViews.Source] {
    let blocks = views.blocks(sampleShape)
    return batch.indices.map { index in
      RandomViews.Source(random, position: 1 << 48 + UInt64(Self.mostViews * index + view) * blocks)
    }
  }

  /// The views of one sample in one step, at most.
  private static let mostViews = 4
}
