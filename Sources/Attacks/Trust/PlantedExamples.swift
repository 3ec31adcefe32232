import Models
import Torch

/// Examples that are known to exist: a new readout of a model's own features tells one point on the edge of each sample's ball
/// from points inside it, so that an attack that does not find such a point is too weak for the model, or cannot use its
/// gradients (the binarization test of Zimmermann, Brendel, Tramèr and Carlini 2022, arXiv 2206.13991).
struct PlantedExamples: Criterion {
  let model: any Model
  let norm: Norm
  let epsilon: Double
  let surrogate: Surrogate
  /// Of a classifier that has no embedding: its logits.
  private let features: Output

  /// Points of each ball that a readout has to tell the planted one from, where the model has as many features.
  static let inner = 32
  /// Where between the highest score inside and that of the planted point a readout's zero lies: so near the latter that few
  /// points by chance are beyond it.
  static let height: Double = 0.75

  init(_ model: any Model, norm: Norm, epsilon: Double, surrogate: Surrogate = .margin) {
    self.model = model
    self.norm = norm
    self.epsilon = epsilon
    self.surrogate = surrogate
    features = model.outputs.contains(.embedding) ? .embedding : .logits
  }

  func bind(_ tile: Tile) throws -> any BoundCriterion {
    let bound = try withoutGrad { try readout(tile) }
    return BoundClassCriterion(
      objective: ClassObjective(
        classes: Tensor([Int](repeating: 0, count: tile.size), [tile.size]).to(tile.originals.device),
        isTargeted: false, kappa: 0, surrogate: surrogate,
        logits: { [model, features] x in bound.logits(try model.output(features, of: x).flattened()) }),
      skipped: bound.separates.map { !$0 })
  }

  /// For each row a linear function of the features that is above 0 at the planted point and below at those inside.
  struct Readout: Sendable {
    /// `[size, features]`, `[size, features]`, `[size, 1]`.
    let centre: Tensor, weights: Tensor, offset: Tensor
    /// Whether a row's function does tell them apart.
    let separates: [Bool]

    /// `[size, features]` → `[size]`.
    func scores(_ features: Tensor) -> Tensor {
      ((features - centre) * weights).sum(1) + offset.reshaped([-1])
    }

    /// Of the class that every sample has, of the planted one, and of a third that no sample is of, so that losses that look at
    /// three classes have as many.
    func logits(_ features: Tensor) -> Tensor {
      let score = scores(features)
      return stacked([-score, score, -score.abs() - 1], 1)
    }
  }

  /// The points `[size, …]` of a draw: 0 is x itself, 1 the planted one, in a corner of the ball, all others are uniform in it
  /// (of ‖·‖₂: on its surface, as the planted one is).
  private func point(_ draw: Int, _ tile: Tile) -> Tensor {
    let x = tile.originals
    guard draw > 0 else { return x }
    let size = x.count / tile.size
    let values = tile.rows.reduce(into: [Float](repeating: 0, count: x.count)) { all, row in
      let stream = tile.stream(row, .planting)
      let position = UInt64(draw * (size / 4 + 1))
      all.replaceSubrange(
        row * size..<(row + 1) * size,
        with: norm == .linf
          ? stream.uniform(size, position: position).map { 2 * $0 - 1 }
          : stream.normal(size, position: position))
    }
    let free = Tensor(values, x.shape).to(x.dtype).to(x.device)
    let drawn = tile.mask.map { free * $0.to(x.dtype) } ?? free
    let direction: Tensor
    switch norm {
    case .linf: direction = draw == 1 ? drawn.sign() : drawn
    case .l2:
      direction = drawn / drawn.scaledSampleNorms().clamped(atLeast: 1e-12).perSample(like: drawn)
    }
    return (x + direction * epsilon).clamped(0...1)
  }

  private func read(_ x: Tensor) throws -> Tensor { try model.output(features, of: x).flattened() }

  func readout(_ tile: Tile) throws -> Readout {
    let centre = try read(tile.originals), width = centre.shape[1]
    let count = max(2, min(Self.inner, width - 2))
    let planted = try read(point(1, tile)) - centre
    let others = try (2..<count + 2).map { try read(point($0, tile)) - centre }
    // Rows: x itself, the points inside, the planted one; in units of their own size, which differs between models.
    let all = stacked(
      [Tensor.zeros(centre.shape, dtype: centre.dtype, device: centre.device)] + others + [planted], 1)
    let scale = all.square().mean(1).mean(1).sqrt().clamped(atLeast: 1e-12).reshaped([-1, 1, 1])
    let points = all / scale
    let rows = count + 2
    var targets = [Float](repeating: -1, count: rows)
    targets[rows - 1] = 1
    let wanted = Tensor(targets, [1, rows, 1]).to(centre.dtype).to(centre.device).expanded([
      tile.size, rows, 1,
    ])
    // Ridge regression by its dual form; the ones are the offset.
    var ridge = [Float](repeating: 1, count: rows * rows)
    for row in 0..<rows { ridge[row * rows + row] += 0.01 * Float(width) }
    let added = Tensor(ridge, [1, rows, rows]).to(centre.dtype).to(centre.device)
    let dual = solve(matmul(points, points.transposed()) + added, wanted)
    let weights = matmul(points.transposed(), dual).reshaped([tile.size, width])
    let scores = matmul(points, weights.unsqueezed(2)).reshaped([tile.size, rows])
    let inside = scores.sliced(1, 0..<rows - 1).max(1), edge = scores.selected(1, rows - 1)
    let zero = inside + (edge - inside) * Self.height
    let gaps: [Float] = (edge - inside).floats
    let separates = gaps.indices.map { tile.rows.contains($0) && gaps[$0] > 1e-2 }
    return Readout(
      centre: centre, weights: weights / scale.reshaped([-1, 1]), offset: -zero.unsqueezed(1),
      separates: separates)
  }

  /// The share of points drawn from the balls of rows that have a planted example which are one, too.
  func shareByChance(_ tile: Tile, draws: Int) throws -> Double {
    let readout = try readout(tile)
    let rows = readout.separates.indices.filter { readout.separates[$0] }
    let found = try (0..<draws).map { draw in
      let scores = readout.scores(try read(point(Self.inner + 2 + draw, tile))).floats
      return rows.count { scores[$0] > 0 }
    }
    return Double(found.reduce(0, +)) / Double(max(1, rows.count * draws))
  }
}
