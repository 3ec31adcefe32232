import Models
import Torch

/// The other samples that the samples of a tile are told from: a view of each, frozen.
struct OtherSamples {
  /// `[M, values]`, of unit length.
  let embeddings: Tensor
  /// Minus infinity where one is the tile's own sample or a copy of it, `[size, 1, M]`.
  let barred: Tensor

  /// - Throws: ``CriterionError/nothingToTellFrom``.
  init(_ tile: Tile, count: Int, views: RandomViews, project: (Tensor) throws -> Tensor) throws {
    let set = tile.set, all = set.shape[0]
    let order = RandomStream(seed: tile.seed, purpose: .negatives).permutation(all)
    let chosen = Array(order.prefix(count))
    guard all > 1, !chosen.isEmpty else { throw CriterionError.nothingToTellFrom }
    let samples = set.gathered(chosen)
    embeddings = try project(
      views(
        samples,
        chosen.map { .init(RandomStream(seed: tile.seed, purpose: .negatives, index: $0 + 1)) }))
    // Copies have the same two sums, one of them weighted.
    let size = set.shape.dropFirst().reduce(1, *)
    let weights = Tensor(
      RandomStream(seed: 0, purpose: .negatives).uniform(2 * size), [size, 2]
    ).to(set.device)
    let own = matmul(tile.originals.flattened(), weights).unsqueezed(1)
    let other = matmul(samples.flattened(), weights).unsqueezed(0)
    let isCopy = ((own - other).abs().max(2) .<= 1e-4)
    let none = Tensor.full([], -.infinity, device: set.device)
    barred = `where`(isCopy, none, Tensor.zeros([], device: set.device)).unsqueezed(1)
  }
}

/// ``KeepsContrast`` for the samples of a tile.
final class BoundContrast: BoundCriterion {
  private let settings: KeepsContrast
  private let views: RandomViews
  private let tile: Tile
  private let others: OtherSamples
  private let project: (Tensor) throws -> Tensor
  /// `[size, A, values]`.
  private var anchors: Tensor?
  /// ℓ(x) under the views that decide, `[size]`.
  private var clean: Tensor?
  /// The gradients so far: each has views of its own.
  private var steps: UInt64 = 0

  init(
    settings: KeepsContrast, views: RandomViews, tile: Tile, others: OtherSamples,
    project: @escaping (Tensor) throws -> Tensor
  ) {
    self.settings = settings
    self.views = views
    self.tile = tile
    self.others = others
    self.project = project
  }

  /// Computes what depends on the originals alone.
  func anchored() throws -> BoundContrast {
    if settings.reference == .original {
      anchors = try projections(tile.originals, settings.anchors, .anchorViews, from: 0)
    }
    clean = try loss(tile.originals, settings.verdict, settings.purpose, from: 0)
    return self
  }

  func values(_ perturbed: Tensor) throws -> Tensor {
    let loss = try loss(perturbed, settings.verdict, settings.purpose, from: 0)
    return loss - (clean ?? loss) + settings.kappa
  }

  /// The loss is of fresh views; where these say that x′ holds, the views that decide say whether it does.
  func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor) {
    let first = steps * UInt64(settings.draws)
    steps += 1
    let own = try loss(perturbed, settings.draws, .stepViews, from: first)
    let before = try withoutGrad { try loss(tile.originals, settings.draws, .stepViews, from: first) }
    let step = own - before + settings.kappa
    let seen = step.detached()
    guard (seen .<= 0).bools.contains(true) else { return (seen, step) }
    let verdict = try withoutGrad { try values(perturbed.detached()) }
    return (`where`(seen .<= 0, verdict, seen), step)
  }

  /// ℓ of each row under some views, `[size]`.
  private func loss(
    _ x: Tensor, _ count: Int, _ purpose: RandomStream.Purpose, from first: UInt64
  ) throws -> Tensor {
    let tau = settings.temperature
    if settings.reference == .copies {
      // 50 pairs of equal vectors: each is as like its partner as the 98 others.
      let z = try project(x)
      let alike = (z * z).sum(1, keepDimensions: true) / tau
      return (alike.expanded([x.shape[0], 99]).logSumExp(1) - alike.reshaped([-1])) * 2
    }
    let b = try projections(x, count, purpose, from: first)
    let reference: Tensor
    if settings.reference == .itself {
      // A second view for each, further on in the same streams.
      reference = try projections(x, count, purpose, from: first + 1 << 32)
    } else {
      reference = anchors ?? b
    }
    let positives = matmul(b, reference.transposed()) / tau
    let negatives = matmul(b, others.embeddings.transposed()) / tau + others.barred
    // log(e^p + e^L) − p = softplus(L − p); where every other sample is barred L is −∞ and the loss 0.
    let all = negatives.logSumExp(2, keepDimensions: true)
    return (all - positives).softplus().mean(1, 2)
  }

  /// Unit projections of so many views of each row, `[size, count, values]`.
  private func projections(
    _ x: Tensor, _ count: Int, _ purpose: RandomStream.Purpose, from first: UInt64
  ) throws -> Tensor {
    let size = x.shape[0], shape = Array(x.shape.dropFirst()), blocks = views.blocks(shape)
    let repeated = x.unsqueezed(1).expanded([size, count] + shape).reshaped([size * count] + shape)
    let sources = (0..<size).flatMap { row in
      let stream = tile.stream(row, purpose)
      return (0..<UInt64(count)).map { RandomViews.Source(stream, position: (first + $0) * blocks) }
    }
    return try project(views(repeated, sources)).reshaped([size, count, -1])
  }
}
