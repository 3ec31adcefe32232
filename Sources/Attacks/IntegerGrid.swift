import Torch

/// The values that an integer type can hold, as an attack whose results end in such a file must see them.
///
/// Criterion and similarity are evaluated at the rounded x′, so that what succeeds still succeeds in the file. Their
/// gradients are taken there and passed on as if nothing had been rounded (Bengio et al. 2013, "straight-through").
public struct IntegerGrid: Sendable, Equatable {
  /// What the values 0 and 1 are in the file.
  public let range: ClosedRange<Double>
  /// Whether values are rounded towards the original instead of to the nearest, so that what lies within ε of it does so in
  /// the file.
  public var isInward: Bool

  /// A grid of the whole numbers in a range of the file's values.
  public init(range: ClosedRange<Double>, isInward: Bool = false) {
    self.range = range
    self.isInward = isInward
  }

  private var width: Double { range.upperBound - range.lowerBound }

  /// Samples in [0, 1] moved to values that are whole numbers in the file: the nearest, halves away from zero; or those of
  /// the originals, which are such values, and the whole steps from them.
  public func rounded(_ x: Tensor, _ originals: Tensor) -> Tensor {
    withoutGrad {
      guard isInward else {
        let values = x * width + range.lowerBound
        return (values.sign() * (values.abs() + 0.5).floor() - range.lowerBound) / width
      }
      // A thousandth of a step is less than anyone asks for and more than a product's rounding error.
      let delta = (x - originals) * width
      return originals + delta.sign() * (delta.abs() + 1e-3).floor() / width
    }
  }

  /// The rounded values, with the gradient of those that they are made from.
  func passing(_ x: Tensor, _ originals: Tensor) -> Tensor { x + (rounded(x, originals) - x).detached() }

  /// A criterion that is evaluated at rounded values.
  public func criterion(_ criterion: any Criterion) -> any Criterion {
    CriterionOnGrid(grid: self, criterion: criterion)
  }

  /// A similarity that is evaluated at rounded values.
  public func similarity(_ similarity: any Similarity) -> any Similarity {
    SimilarityOnGrid(grid: self, similarity: similarity)
  }
}

extension Attack {
  /// The same attack, for results that will hold only a grid's values.
  public func on(_ grid: IntegerGrid) -> Attack {
    var attack = self
    attack.criterion = grid.criterion(criterion)
    attack.similarity = grid.similarity(similarity)
    attack.grid = grid
    return attack
  }
}

private struct CriterionOnGrid: Criterion {
  let grid: IntegerGrid
  let criterion: any Criterion

  func bind(_ tile: Tile) throws -> any BoundCriterion {
    Bound(grid: grid, originals: tile.originals, criterion: try criterion.bind(tile))
  }

  struct Bound: BoundCriterion {
    let grid: IntegerGrid
    let originals: Tensor
    let criterion: any BoundCriterion

    func values(_ perturbed: Tensor) throws -> Tensor {
      try criterion.values(grid.passing(perturbed, originals))
    }

    /// In a ball iterates are many steps from the original, and gradients of rounded values would mislead: there f alone is
    /// that of the file.
    func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor) {
      guard grid.isInward else { return try criterion.valuesAndLoss(grid.passing(perturbed, originals)) }
      let loss = try criterion.loss(perturbed)
      return (try withoutGrad { try criterion.values(grid.rounded(perturbed, originals)) }, loss)
    }

    func loss(_ perturbed: Tensor) throws -> Tensor {
      try criterion.loss(grid.isInward ? perturbed : grid.passing(perturbed, originals))
    }

    var classes: ClassObjective? {
      criterion.classes?.judging { [grid, originals] in grid.rounded($0, originals) }
    }

    var skipped: [Bool]? { criterion.skipped }
  }
}

private struct SimilarityOnGrid: Similarity {
  let grid: IntegerGrid
  let similarity: any Similarity

  var bytesPerSample: Int { similarity.bytesPerSample }

  func bind(_ tile: Tile) throws -> any BoundSimilarity {
    Bound(grid: grid, originals: tile.originals, similarity: try similarity.bind(tile))
  }

  struct Bound: BoundSimilarity {
    let grid: IntegerGrid
    let originals: Tensor
    var similarity: any BoundSimilarity
    // The closed form is that of values without a grid.
    var closedForm: ClosedForm? { nil }

    mutating func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
      try similarity.evaluate(grid.rounded(perturbed, originals), iteration: iteration)
    }
  }
}
