import Torch

/// Finds, for each sample of a tile, the perturbed sample with the least similarity that satisfies the criterion.
public protocol Solver: Codable, Equatable, Sendable {
  func solve(_ tile: Tile, _ criterion: any BoundCriterion, _ similarity: any BoundSimilarity) throws
    -> TileSolution
}

/// The outcome for the rows of a tile.
public struct TileSolution: Sendable {
  /// x′ `[size, …]`: where the attack failed the original.
  public var perturbed: Tensor
  public var status: [SampleStatus]
  /// I(x, x′) of the returned iterate; NaN where none was found.
  public var similarity: [Float]
  /// f(x′) of the returned iterate; where none was found the smallest f seen.
  public var criterion: [Float]
  /// The iteration (from 1; 0 is the start) at which the returned iterate was found; -1 where none was.
  public var bestIteration: [Int]
  /// At how many iterates the gradient was exactly zero.
  public var zeroGradients: [Int]
  /// c at the end, for solvers that have a multiplier.
  public var multiplier: [Float]
  public var timing: Timing
  public var trace: Trace?

  /// Seconds of one thread spent on the model (criterion) and on the similarity.
  public struct Timing: Sendable {
    public var criterion = 0.0
    public var similarity = 0.0
    public var total = 0.0
  }

  /// Each iteration's values, `[iterations][rows]`.
  public struct Trace: Sendable {
    public var similarity: [[Float]] = []
    public var criterion: [[Float]] = []
    public var multiplier: [[Float]] = []
    /// ‖L(δ, c)‖² of the paper's Theorem 1: how far the iterate is from a stationary point.
    public var stationarity: [[Float]] = []
  }
}

/// Adds the seconds that the body takes to the counter.
func seconds<Result>(_ counter: inout Double, _ body: () throws -> Result) rethrows -> Result {
  let clock = ContinuousClock()
  let start = clock.now
  defer {
    let (whole, attoseconds) = (clock.now - start).components
    counter += Double(whole) + Double(attoseconds) * 1e-18
  }
  return try body()
}
