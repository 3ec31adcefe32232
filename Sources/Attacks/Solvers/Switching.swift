import MutualInformation
import Torch

/// From a start far from x, one L2-normalised step an iteration: down f where the criterion is broken, down the
/// similarity where it holds; the feasible iterate with the least similarity is returned.
///
/// This is the subgradient method with switching steps for constrained problems (Polyak 1967): no multiplier to balance,
/// since only one of the two gradients is followed at a time. With `iterations` 0 it is the start alone, scored.
public struct Switching: Solver {
  /// Where the search begins.
  public var start: any Start
  /// The length of the first step; step t of T has the length α (1 − t/(T + 1)).
  public var alpha: Double
  /// T, the number of steps.
  public var iterations: Int
  /// ε, the largest change of a value; from 1 on there is no bound besides [0, 1].
  public var epsilon: Double
  /// A row with a success rests after this many iterates without a better one.
  public var patience: Int
  /// Whether similarities in closed form are computed inside the native kernel; the tensor path gives the same to
  /// rounding and is what other devices use.
  var usesKernel = true

  /// Switching with the usual settings but for those that are given.
  public init(
    start: some Start = .noise(sigma: 0.4), alpha: Double = 1, iterations: Int = 40, epsilon: Double = 1,
    patience: Int = 20
  ) {
    self.start = start
    self.alpha = alpha
    self.iterations = iterations
    self.epsilon = epsilon
    self.patience = patience
  }

  /// The same search by plain tensor operations.
  package var withoutKernel: Switching {
    var copy = self
    copy.usesKernel = false
    return copy
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    let tile = problem.tile, criterion = problem.criterion
    let similarity = try problem.makeSimilarity()
    if usesKernel, tile.mask == nil, let form = similarity.closedForm,
      let fused = FusedSwitching(
        tile, start: problem.projected(start.perturbed(tile), epsilon: epsilon), form: form,
        resolution: GaussianInformation.resolution, epsilon: epsilon, patience: patience)
    {
      return try solve(tile, criterion, fused)
    }
    return try solveByTensors(problem, criterion, similarity)
  }

  /// The length of step t, counted from 0.
  private func length(_ t: Int) -> Double { alpha * (1 - Double(t + 1) / Double(iterations + 1)) }

  private func solve(_ tile: Tile, _ criterion: any BoundCriterion, _ state: FusedSwitching) throws
    -> TileSolution
  {
    var state = state
    var timing = TileSolution.Timing()
    var total = 0.0
    try seconds(&total) {
      try withoutGrad {
        for t in 0...iterations {
          try tile.checkCancellation()
          var gradient: Tensor?
          let f: Tensor
          if t == iterations {
            f = try seconds(&timing.criterion) { try criterion.values(state.perturbed) }
          } else {
            let both = try seconds(&timing.criterion) { try criterion.valuesAndGradient(state.perturbed) }
            (f, gradient) = (both.values, both.gradient)
          }
          let moving = seconds(&timing.similarity) {
            state.advance(tile.rows, f: f, gradient: gradient, length: length(t), iteration: t)
          }
          if !moving { break }
        }
      }
    }
    timing.total = total
    return state.solution(timing)
  }

  private func solveByTensors(
    _ problem: Problem, _ criterion: any BoundCriterion, _ similarity: any BoundSimilarity
  ) throws -> TileSolution {
    let tile = problem.tile
    var similarity = similarity
    var timing = TileSolution.Timing()
    var total = 0.0
    let x = tile.originals
    var incumbent = Incumbent(problem)
    try seconds(&total) {
      try withoutGrad {
        var perturbed = problem.projected(start.perturbed(tile), epsilon: epsilon)
        for t in 0...iterations {
          try tile.checkCancellation()
          let last = t == iterations
          let f: Tensor, gradF: Tensor
          if last {
            f = try seconds(&timing.criterion) { try criterion.values(perturbed) }
            gradF = f
          } else {
            (f, gradF) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(perturbed) }
          }
          let (information, gradI) = try seconds(&timing.similarity) {
            try similarity.evaluate(perturbed, iteration: t)
          }
          incumbent.consider(perturbed, f: f, similarity: information, iteration: t)
          if last { break }
          let broken = (f .> 0).perSample(like: x)
          let direction = `where`(broken, gradF, gradI)
          let norms = direction.scaledSampleNorms()
          incumbent.note(gradientNorms: norms)
          let awake = incumbent.finite .& (incumbent.stalled .< Double(patience))
          if !awake.bools[tile.rows].contains(true) { break }
          let scale = (length(t) / norms.clamped(atLeast: 1e-30)) * (norms .> 0).to(.float32)
          let next = problem.projected(perturbed - direction * scale.perSample(like: x), epsilon: epsilon)
          perturbed = `where`(awake.perSample(like: x), next, perturbed)
        }
      }
    }
    timing.total = total
    return incumbent.solution(
      multiplier: [Float](repeating: 0, count: tile.size), timing: timing, trace: nil)
  }
}

extension RegisteredSolver {
  static let switching = RegisteredSolver(
    "switching", "normalised steps, on the criterion while it is broken and on the similarity while it holds",
    settings: [
      .alpha(1), .integer("iterations", 40, in: 0...100_000, "T, the number of steps"), .epsilon(1),
    ]
  ) { choice, start in
    Switching(
      start: start, alpha: choice.real("alpha"), iterations: choice.integer("iterations"),
      epsilon: choice.real("epsilon"))
  }
}
