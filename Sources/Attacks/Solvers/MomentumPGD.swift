import Torch

/// The momentum iterative fast gradient sign method (Dong et al. 2018), for all rows of a tile at once:
/// g ← μ g + ∇ loss / ‖∇ loss‖₁, x′ ← P(x′ − α · sign g). It begins at x and returns the last iterate.
public struct MomentumPGD: Solver {
  /// ε, the largest change of a value.
  public var epsilon: Double
  /// α, the step of every value.
  public var alpha: Double
  /// The number of updates.
  public var iterations: Int
  /// μ, what is left of the gradients so far.
  public var decay: Double

  /// The attack with the usual settings but for those that are given.
  public init(epsilon: Double = 0.1, alpha: Double = 0.01, iterations: Int = 40, decay: Double = 1) {
    self.epsilon = epsilon
    self.alpha = alpha
    self.iterations = iterations
    self.decay = decay
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { x, incumbent, timing in
      let ball = Ball(problem, .linf, epsilon)
      var perturbed = x
      var momentum = Tensor.zeros(x.shape, dtype: x.dtype, device: x.device)
      for _ in 0..<iterations {
        try problem.tile.checkCancellation()
        let gradient = try seconds(&timing.criterion) { try problem.criterion.gradient(perturbed) }
        incumbent.note(gradientNorms: gradient.scaledSampleNorms())
        let lengths = gradient.flattened().abs().sum(1).clamped(atLeast: 1e-30)
        momentum = momentum * decay + gradient / lengths.perSample(like: gradient)
        let next = ball.projected(perturbed - momentum.sign() * alpha)
        perturbed = `where`(incumbent.finite.perSample(like: next), next, perturbed)
      }
      let f = try seconds(&timing.criterion) { try problem.criterion.values(perturbed) }
      incumbent.consider(perturbed, f: f, similarity: f, iteration: iterations)
    }
  }
}

extension RegisteredSolver {
  static let momentum = RegisteredSolver(
    "mi-fgsm", "signs of gradients that add up (Dong et al. 2018)", takesStart: false,
    settings: [
      .alpha(0.01), .iterations, .epsilon(0.1),
      .real("decay", 1, in: 0...1000, "μ, what is left of the gradients so far"),
    ]
  ) { choice, _ in
    MomentumPGD(
      epsilon: choice.real("epsilon"), alpha: choice.real("alpha"), iterations: choice.integer("iterations"),
      decay: choice.real("decay"))
  }
}
