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
    ).to(set.dtype).to(set.device)
    let own = matmul(tile.originals.flattened(), weights).unsqueezed(1)
    let other = matmul(samples.flattened(), weights).unsqueezed(0)
    let indices = Tensor(chosen, [1, chosen.count]).to(set.device)
    let rows = Tensor((0..<tile.size).map { tile.firstIndex + $0 }, [tile.size, 1]).to(set.device)
    // Of sums of many values rounding leaves more.
    let rounding = (own.abs() * 1e-6).clamped(atLeast: 1e-4)
    let isCopy = (((own - other).abs() - rounding).max(2) .<= 0) .| (rows .== indices)
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
    let rows = Array(0..<tile.size)
    if settings.reference == .original {
      anchors = try inParts(tile.originals, rows, views: settings.anchors) { x, rows in
        try project(made(x, rows, settings.anchors, .anchorViews, from: 0))
          .reshaped([rows.count, settings.anchors, -1])
      }
    }
    clean = try verdict(tile.originals, rows)
    return self
  }

  func values(_ perturbed: Tensor) throws -> Tensor {
    try values(perturbed, Array(0..<perturbed.shape[0]))
  }

  private func values(_ perturbed: Tensor, _ rows: [Int]) throws -> Tensor {
    let loss = try verdict(perturbed, rows)
    return loss - (clean?.gathered(rows) ?? loss) + settings.kappa
  }

  /// ℓ of the given rows under the views that decide; to the bit the same whichever rows are asked for, since on the host each
  /// goes through the network by itself.
  private func verdict(_ x: Tensor, _ rows: [Int]) throws -> Tensor {
    let isAlone = tile.originals.device == .cpu
    return try inParts(x, rows, views: settings.verdict) {
      try loss($0, $1, settings.verdict, settings.purpose, from: 0, isAlone: isAlone)
    }
  }

  /// A function of as many rows at a time as have ``viewsAtOnce`` together.
  private func inParts(
    _ x: Tensor, _ rows: [Int], views: Int, _ function: (_ x: Tensor, _ rows: [Int]) throws -> Tensor
  ) throws -> Tensor {
    let size = max(1, Self.viewsAtOnce / views)
    return concatenated(
      try stride(from: 0, to: rows.count, by: size).map { start in
        let part = start..<min(rows.count, start + size)
        return try function(x[part], Array(rows[part]))
      })
  }

  /// The loss is of fresh views; where these say that x′ holds, the views that decide say whether it does.
  func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor) {
    let first = steps * UInt64(settings.draws)
    steps += 1
    let step = try inParts(perturbed, Array(0..<perturbed.shape[0]), views: settings.draws) { x, rows in
      let own = try linearised(x) { try loss($0, rows, settings.draws, .stepViews, from: first) }
      let before = try withoutGrad {
        try loss(tile.originals.gathered(rows), rows, settings.draws, .stepViews, from: first)
      }
      return own - before + settings.kappa
    }
    let seen = step.detached()
    var verdict = seen.floats
    let rows = verdict.indices.filter { verdict[$0] <= 0 }
    guard !rows.isEmpty else { return (seen, step) }
    let decided = try withoutGrad { try values(perturbed.detached().gathered(rows), rows).floats }
    for (row, value) in zip(rows, decided) { verdict[row] = value }
    return (Tensor(verdict, seen.shape).to(seen.dtype).to(seen.device), step)
  }

  /// A function with a value for each row and, where its gradient is asked for, with this alone behind it: what the network keeps
  /// for the way back is gone before the next rows come.
  private func linearised(_ x: Tensor, _ function: (Tensor) throws -> Tensor) throws -> Tensor {
    guard x.requiresGrad, isRecording else { return try function(x) }
    let leaf = x.detached().requiringGrad()
    let value = try function(leaf)
    guard let slope = try grad(value.sum(), [leaf])[0] else { return value.detached() }
    return value.detached() + ((x - leaf.detached()) * slope).flattened().sum(1)
  }

  /// The views that are made together: they, and what a network makes of them, stay in a processor's cache.
  private static let viewsAtOnce = 64

  /// ℓ of the given rows of the tile under some views, `[rows]`.
  ///
  /// - Parameter isAlone: whether each row goes through the network by itself.
  private func loss(
    _ x: Tensor, _ rows: [Int], _ count: Int, _ purpose: RandomStream.Purpose, from first: UInt64,
    isAlone: Bool = false
  ) throws -> Tensor {
    if settings.reference == .copies {
      // 50 pairs of equal vectors: each is as like its partner as the 98 others.
      let z = try project(x)
      let alike = (z * z).sum(1, keepDimensions: true) / settings.temperature
      return (alike.expanded([x.shape[0], 99]).logSumExp(1) - alike.reshaped([-1])) * 2
    }
    let views = made(x, rows, count, purpose, from: first)
    // A second view for each, further on in the same streams.
    let second =
      settings.reference == .itself ? made(x, rows, count, purpose, from: first + 1 << 32) : nil
    guard isAlone else { return try contrast(views, second, rows) }
    return concatenated(
      try rows.enumerated().map { place, row in
        let own = place * count..<(place + 1) * count
        return try contrast(views[own], second?[own], [row])
      })
  }

  /// ℓ of the given rows by their views, `[rows]`.
  private func contrast(_ views: Tensor, _ second: Tensor?, _ rows: [Int]) throws -> Tensor {
    func projected(_ x: Tensor) throws -> Tensor {
      try project(x).reshaped([rows.count, x.shape[0] / rows.count, -1])
    }
    let b = try projected(views)
    let reference = try second.map(projected) ?? anchors?.gathered(rows) ?? b
    let positives = matmul(b, reference.transposed()) / settings.temperature
    let negatives =
      matmul(b, others.embeddings.transposed()) / settings.temperature + others.barred.gathered(rows)
    // log(e^p + e^L) − p = softplus(L − p); where every other sample is barred L is −∞ and the loss 0.
    let all = negatives.logSumExp(2, keepDimensions: true)
    return (all - positives).softplus().mean(1, 2)
  }

  /// So many views of each of the given rows, `[rows · count, …]`.
  private func made(
    _ x: Tensor, _ rows: [Int], _ count: Int, _ purpose: RandomStream.Purpose, from first: UInt64
  ) -> Tensor {
    let size = x.shape[0], shape = Array(x.shape.dropFirst()), blocks = views.blocks(shape)
    let repeated = x.unsqueezed(1).expanded([size, count] + shape).reshaped([size * count] + shape)
    let sources = rows.flatMap { row in
      let stream = tile.stream(row, purpose)
      return (0..<UInt64(count)).map { RandomViews.Source(stream, position: (first + $0) * blocks) }
    }
    return views(repeated, sources)
  }
}
