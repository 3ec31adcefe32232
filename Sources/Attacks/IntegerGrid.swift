import Torch

/// The values that an integer type can hold, as an attack whose results end in such a file must see them.
///
/// Criterion and similarity are evaluated at the rounded x′, so that what succeeds still succeeds in the file. Their
/// gradients are taken there and passed on as if nothing had been rounded (Bengio et al. 2013, "straight-through").
public struct IntegerGrid: Sendable, Equatable {
  /// What the values 0 and 1 are in the file.
  public let range: ClosedRange<Double>

  public init(range: ClosedRange<Double>) { self.range = range }

  /// Samples in [0, 1] moved to the nearest values that are whole numbers in the file; halves away from zero.
  public func rounded(_ x: Tensor) -> Tensor {
    withoutGrad {
      let width = range.upperBound - range.lowerBound
      let values = x * width + range.lowerBound
      return (values.sign() * (values.abs() + 0.5).floor() - range.lowerBound) / width
    }
  }

  public func criterion(_ criterion: any Criterion) -> any Criterion {
    CriterionOnGrid(grid: self, criterion: criterion)
  }

  public func similarity(_ similarity: any Similarity) -> any Similarity {
    SimilarityOnGrid(grid: self, similarity: similarity)
  }
}

extension Attack {
  /// The same attack, for results that will hold only a grid's values.
  public func on(_ grid: IntegerGrid) -> Attack {
    Attack(
      criterion: grid.criterion(criterion), similarity: grid.similarity(similarity), solver: solver,
      seed: seed)
  }
}

private struct CriterionOnGrid: Criterion {
  let grid: IntegerGrid
  let criterion: any Criterion

  func bind(_ originals: Tensor) throws -> any BoundCriterion {
    Bound(grid: grid, criterion: try criterion.bind(originals))
  }

  struct Bound: BoundCriterion {
    let grid: IntegerGrid
    let criterion: any BoundCriterion

    func values(_ perturbed: Tensor) throws -> Tensor {
      try criterion.values(perturbed + (grid.rounded(perturbed) - perturbed).detached())
    }
  }
}

private struct SimilarityOnGrid: Similarity {
  let grid: IntegerGrid
  let similarity: any Similarity

  var bytesPerSample: Int { similarity.bytesPerSample }

  func bind(_ tile: Tile) throws -> any BoundSimilarity {
    Bound(grid: grid, similarity: try similarity.bind(tile))
  }

  struct Bound: BoundSimilarity {
    let grid: IntegerGrid
    var similarity: any BoundSimilarity
    // The closed form is that of values without a grid.
    var closedForm: ClosedForm? { nil }

    mutating func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
      try similarity.evaluate(grid.rounded(perturbed), iteration: iteration)
    }
  }
}
