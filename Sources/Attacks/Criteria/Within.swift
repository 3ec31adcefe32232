import Torch

/// A criterion that asks in addition that x′ is no less like x than given bounds, by any of the distances that need no training:
/// f(x′) > 0 is the sum of all that is violated, f(x′) ≤ 0 holds where nothing is.
struct Within: Criterion {
  let criterion: any Criterion
  /// Similarities with the least value that each may have.
  let bounds: [(similarity: any Similarity, least: Double)]

  func bind(_ tile: Tile) throws -> any BoundCriterion {
    Bound(
      criterion: try criterion.bind(tile),
      bounds: try bounds.map { (try $0.similarity.bind(tile), $0.least) })
  }

  private struct Bound: BoundCriterion {
    let criterion: any BoundCriterion
    let bounds: [(similarity: any BoundSimilarity, least: Double)]

    var skipped: [Bool]? { criterion.skipped }

    func values(_ perturbed: Tensor) throws -> Tensor {
      combined(try criterion.values(perturbed), try excesses(perturbed))
    }

    /// What is not violated has no slope, so that the search turns to what is.
    func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor) {
      let (f, loss) = try criterion.valuesAndLoss(perturbed)
      let excesses = try excesses(perturbed)
      let open = `where`(f.detached() .> 0, loss, loss * 0.0)
      return (combined(f, excesses), excesses.reduce(open) { $0 + $1.clamped(atLeast: 0) })
    }

    private func combined(_ f: Tensor, _ excesses: [Tensor]) -> Tensor {
      let highest = excesses.reduce(f) { $0.maximum($1) }
      let violated = excesses.reduce(f.clamped(atLeast: 0)) { $0 + $1.clamped(atLeast: 0) }
      return `where`(highest.detached() .> 0, violated, highest)
    }

    /// By how much each bound is exceeded, negative where it is not, `[batch]`; differentiable where it is.
    private func excesses(_ perturbed: Tensor) throws -> [Tensor] {
      try bounds.map { bound in
        var similarity = bound.similarity
        let x = perturbed.detached()
        let (values, gradient) = try similarity.evaluate(x, iteration: 0)
        let excess = -values + bound.least
        // At x itself the information is infinite, and its gradient nothing to count with.
        let slope = withoutGrad {
          `where`((excess .> 0).perSample(like: gradient), -gradient, Tensor(0).to(x.device))
        }
        return excess + ((perturbed - x) * slope).flattened().sum(1)
      }
    }
  }
}

/// How a similarity bounds what an example may be.
public enum Limit: Sendable {
  /// It is minus a distance, of which the bound is the largest value.
  case atMost
  /// The bound is its least value.
  case atLeast
}
