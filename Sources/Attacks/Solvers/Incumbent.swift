import Torch

/// Keeps, for each row, the best feasible iterate so far, and whether the row still takes part.
///
/// Everything is per row: a row whose numbers are no longer finite stops alone.
struct Incumbent {
  private let originals: Tensor
  /// The values that results can hold; nil for all.
  private let grid: IntegerGrid?
  /// The originals as a file has them.
  private let writtenOriginals: Tensor
  private(set) var best: Tensor
  private var similarity: Tensor
  private var criterion: Tensor
  private var iteration: Tensor
  private var lowest: Tensor
  private var zeroGradients: Tensor
  private var gradients: Tensor
  private(set) var finite: Tensor
  /// Whether an earlier run kept its numbers finite; nil before the first of several.
  private var hasEnded: Tensor?
  private(set) var found: Tensor
  /// Iterates since the last improvement, once one was found.
  private(set) var stalled: Tensor
  /// c of each row, where a search has one.
  var multiplier: Tensor?

  init(_ problem: Problem) {
    originals = problem.tile.originals
    grid = problem.grid
    writtenOriginals = problem.grid?.rounded(originals, originals) ?? originals
    let rows = [originals.shape[0]]
    best = originals
    let device = originals.device
    func all(_ value: Double) -> Tensor { Tensor.full(rows, value, device: device) }
    similarity = all(.infinity)
    criterion = all(.nan)
    iteration = all(-1)
    lowest = all(.infinity)
    zeroGradients = all(0)
    gradients = all(0)
    finite = all(1) .> 0
    found = all(0) .> 0
    stalled = all(0)
  }

  /// Another search of all rows from a start of its own: what stopped a row in the one before does not keep it from this one.
  mutating func beginRun() {
    hasEnded = hasEnded.map { $0 .| finite } ?? none
    finite = .!none
  }

  /// Whether every one of some rows has a success, or can have none any more.
  func hasAll(_ rows: Range<Int>) -> Bool { !(found .| (.!finite)).bools[rows].contains(false) }

  /// False for every row.
  var none: Tensor { finite .& (.!finite) }

  /// Considers an iterate: f ≤ 0, x′ ≠ x and less similar than the best so far.
  /// - Returns: the rows whose iterate succeeds, `[rows]`, whether it is the best or not.
  @discardableResult
  mutating func consider(_ perturbed: Tensor, f: Tensor, similarity s: Tensor, iteration t: Int) -> Tensor {
    finite = finite .& f.isFinite .& s.isFinite
    let written = grid.map { $0.rounded(perturbed, originals) } ?? perturbed
    let moved = (written - writtenOriginals).flattened().abs().max(1) .> 0
    let feasible = finite .& moved .& (f .<= 0)
    let better = feasible .& (s .< similarity)
    best = `where`(better.perSample(like: best), perturbed, best)
    similarity = `where`(better, s, similarity)
    criterion = `where`(better, f, criterion)
    iteration = `where`(better, Tensor(Float(t)), iteration)
    lowest = `where`(finite, lowest.minimum(f), lowest)
    found = found .| better
    stalled = `where`(better, Tensor(0), stalled + found.to(.float32))
    return feasible
  }

  /// Takes note of a gradient's norms `[rows]`: infinite ones end the row, zero ones are counted.
  ///
  /// - Parameter rows: those that count; nil for all. A search that ends with a tile's last row leaves out those that are
  ///   done, so that no row's count depends on another.
  mutating func note(gradientNorms norms: Tensor, among rows: Tensor? = nil) {
    finite = finite .& norms.isFinite
    gradients = gradients + (rows?.to(.float32) ?? Tensor(1))
    let zero = norms .== 0
    zeroGradients = zeroGradients + (rows.map { $0 .& zero } ?? zero).to(.float32)
  }

  func solution(multiplier: [Float], timing: TileSolution.Timing, trace: TileSolution.Trace?) -> TileSolution
  {
    let found = self.found.bools, finite = (hasEnded.map { self.finite .| $0 } ?? self.finite).bools
    let zeros = zeroGradients.ints, total = gradients.ints
    let status = found.indices.map { i -> SampleStatus in
      if found[i] { return .succeeded }
      if !finite[i] { return .notFinite }
      return total[i] > 0 && zeros[i] == total[i] ? .zeroGradient : .infeasible
    }
    let f = zip(zip(criterion.floats, lowest.floats), found).map { $1 ? $0.0 : $0.1 }
    let s = zip(similarity.floats, found).map { $1 ? $0 : Float.nan }
    return TileSolution(
      perturbed: best, status: status, similarity: s, criterion: f, bestIteration: iteration.ints,
      zeroGradients: zeros, multiplier: multiplier, timing: timing, trace: trace)
  }
}
