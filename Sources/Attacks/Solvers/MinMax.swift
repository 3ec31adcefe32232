import Foundation
import Torch

/// Algorithm 1 of the paper, for all rows of a tile at once: descent in δ and ascent in the multiplier c ≥ 0 on
/// F(δ, c) = c · f⁺(x + δ) + I(x, x + δ), from δ₀ = 0 and c₀ = 0. Comments in the code give the paper's line numbers.
public struct MinMax: Solver {
  /// Where δ begins; the paper's δ₀ is 0.
  public var start: any Start
  /// α, the step on δ.
  public var alpha: Double
  /// β, the step on c and the strength of its decay (1 − β/t^¼).
  public var beta: Double
  /// T, the number of iterations.
  public var iterations: Int
  /// ε, the largest change of a value; from 1 on there is no bound besides [0, 1].
  public var epsilon: Double
  /// Whether each iteration's values are kept.
  public var recordsTrace: Bool

  /// Algorithm 1 with the usual settings but for those that are given.
  public init(
    start: some Start = .zero, alpha: Double = 0.01, beta: Double = 0.1, iterations: Int = 40,
    epsilon: Double = 1,
    recordsTrace: Bool = false
  ) {
    self.start = start
    self.alpha = alpha
    self.beta = beta
    self.iterations = iterations
    self.epsilon = epsilon
    self.recordsTrace = recordsTrace
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    let tile = problem.tile, criterion = problem.criterion
    var similarity = try problem.makeSimilarity()
    var timing = TileSolution.Timing()
    var trace = recordsTrace ? TileSolution.Trace() : nil
    var total = 0.0
    let x = tile.originals
    var incumbent = Incumbent(problem)
    var c = Tensor.zeros([tile.size], device: x.device)
    try seconds(&total) {
      try withoutGrad {
        var perturbed = problem.projected(start.perturbed(tile), epsilon: epsilon)
        var (f, gradF) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(perturbed) }
        var (information, gradI) = try seconds(&timing.similarity) {
          try similarity.evaluate(perturbed, iteration: 0)
        }
        for t in stride(from: 1, through: iterations, by: 1) {
          try tile.checkCancellation()
          // Line 4, with ∇f⁺ = 0 where f ≤ 0.
          let active = c * (f .> 0).to(.float32)
          let gradient = gradF * active.perSample(like: gradF) + gradI
          incumbent.note(gradientNorms: gradient.scaledSampleNorms())
          // Lines 5 and 6.
          let next = problem.projected(perturbed - gradient * alpha, epsilon: epsilon)
          perturbed = `where`(incumbent.finite.perSample(like: next), next, perturbed)
          (f, gradF) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(perturbed) }
          // Line 7.
          (information, gradI) = try seconds(&timing.similarity) {
            try similarity.evaluate(perturbed, iteration: t)
          }
          // Lines 8 and 9.
          let decay = 1 - beta / pow(Double(t), 0.25)
          c = `where`(f.isFinite, (c * decay + f.clamped(atLeast: 0) * beta).clamped(atLeast: 0), c)
          // Lines 10 and 11.
          incumbent.consider(perturbed, f: f, similarity: information, iteration: t)
          trace?.similarity.append(information.floats)
          trace?.criterion.append(f.floats)
          trace?.multiplier.append(c.floats)
          if trace != nil {
            let value = stationarity(problem, perturbed, f, gradF, gradI, c)
            trace?.stationarity.append(value.floats)
          }
        }
      }
    }
    timing.total = total
    return incumbent.solution(multiplier: c.floats, timing: timing, trace: trace)
  }

  /// ‖L(δ, c)‖² of Theorem 1, `[rows]`.
  private func stationarity(
    _ problem: Problem, _ perturbed: Tensor, _ f: Tensor, _ gradF: Tensor, _ gradI: Tensor, _ c: Tensor
  ) -> Tensor {
    let gradient = gradF * (c * (f .> 0).to(.float32)).perSample(like: gradF) + gradI
    let step = perturbed - problem.projected(perturbed - gradient, epsilon: epsilon)
    // ∇_c F = f⁺; the set of multipliers is [0, ∞).
    let multiplierStep = c - (c + f.clamped(atLeast: 0)).clamped(atLeast: 0)
    return step.flattened().square().sum(1) + multiplierStep.square()
  }
}

extension RegisteredSolver {
  static let minmax = RegisteredSolver(
    "minmax", "Algorithm 1 of the paper",
    settings: [
      .alpha(0.01), .real("beta", 0.1, in: 0...1, "β, the step on the multiplier"), .iterations, .epsilon(1),
    ]
  ) { choice, start in
    MinMax(
      start: start, alpha: choice.real("alpha"), beta: choice.real("beta"),
      iterations: choice.integer("iterations"), epsilon: choice.real("epsilon"))
  }
}
