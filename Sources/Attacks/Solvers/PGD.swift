import Torch

/// Projected gradient descent on f by signs, for all rows of a tile at once (Madry et al. 2018; with one iteration and
/// α = ε it is the fast gradient sign method): x′ ← P(x′ − α · sign ∇f(x′)), P the projection to the ε-box and to [0, 1].
///
/// The last iterate is returned, as in the literature; the similarity is only reported.
public struct PGD: Solver {
  /// ε, the largest change of a value.
  public var epsilon: Double
  /// α, the step of every value.
  public var alpha: Double
  /// The number of updates.
  public var iterations: Int

  public init(epsilon: Double = 0.1, alpha: Double = 0.01, iterations: Int = 40) {
    self.epsilon = epsilon
    self.alpha = alpha
    self.iterations = iterations
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    let tile = problem.tile, criterion = problem.criterion
    var similarity = try problem.makeSimilarity()
    var timing = TileSolution.Timing()
    var total = 0.0
    let x = tile.originals
    var incumbent = Incumbent(x)
    try seconds(&total) {
      try withoutGrad {
        var perturbed = x
        for _ in 0..<iterations {
          try tile.checkCancellation()
          let (_, gradient) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(perturbed) }
          incumbent.note(gradientNorms: gradient.scaledSampleNorms())
          let next = projected(perturbed - gradient.sign() * alpha, x, epsilon: epsilon)
          perturbed = `where`(incumbent.finite.perSample(like: next), next, perturbed)
        }
        let f = try seconds(&timing.criterion) { try criterion.values(perturbed) }
        let values = try seconds(&timing.similarity) {
          try similarity.evaluate(perturbed, iteration: 0).values
        }
        incumbent.consider(perturbed, f: f, similarity: values, iteration: iterations)
      }
    }
    timing.total = total
    return incumbent.solution(
      multiplier: [Float](repeating: 0, count: tile.size), timing: timing, trace: nil)
  }
}

extension RegisteredSolver {
  static let pgd = RegisteredSolver(
    "pgd", "projected gradient descent by signs; the last iterate", takesStart: false,
    settings: [.alpha(0.01), .iterations, .epsilon(0.1)]
  ) { choice, _ in
    PGD(
      epsilon: choice.real("epsilon"), alpha: choice.real("alpha"), iterations: choice.integer("iterations"))
  }
}
