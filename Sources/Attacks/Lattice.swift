import Torch

/// The values that an integer type can hold, as an attack whose results end in such a file must see them.
///
/// Criterion and similarity are evaluated at the rounded x′, so that what succeeds still succeeds in the file. Their
/// gradients are taken there and passed on as if nothing had been rounded (Bengio et al. 2013, "straight-through").
public struct Lattice: Sendable, Equatable {
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
    OnLattice(lattice: self, criterion: criterion)
  }

  public func similarity(_ similarity: any Similarity) -> any Similarity {
    AlikeOnLattice(lattice: self, similarity: similarity)
  }
}

extension Attack {
  /// The same attack, for results that will hold only a lattice's values.
  public func on(_ lattice: Lattice) -> Attack {
    Attack(
      criterion: lattice.criterion(criterion), similarity: lattice.similarity(similarity), solver: solver,
      seed: seed)
  }
}

private struct OnLattice: Criterion {
  let lattice: Lattice
  let criterion: any Criterion

  func bind(_ originals: Tensor) throws -> any BoundCriterion {
    Bound(lattice: lattice, criterion: try criterion.bind(originals))
  }

  struct Bound: BoundCriterion {
    let lattice: Lattice
    let criterion: any BoundCriterion

    func values(_ perturbed: Tensor) throws -> Tensor {
      try criterion.values(perturbed + (lattice.rounded(perturbed) - perturbed).detached())
    }
  }
}

private struct AlikeOnLattice: Similarity {
  let lattice: Lattice
  let similarity: any Similarity

  func bind(_ tile: Tile) throws -> any BoundSimilarity {
    Bound(lattice: lattice, similarity: try similarity.bind(tile))
  }

  struct Bound: BoundSimilarity {
    let lattice: Lattice
    var similarity: any BoundSimilarity

    mutating func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
      try similarity.evaluate(lattice.rounded(perturbed), iteration: iteration)
    }
  }
}
