import Torch

/// Projected gradient descent on the criterion's loss, for all rows of a tile at once (Madry et al. 2018):
/// x′ ← P(x′ − α · s(∇ loss)), s the signs or the gradient over its length, P the projection to the ε-ball and to [0, 1].
///
/// The last iterate is returned, as in the literature, or the one with the least loss; the similarity is only reported.
public struct PGD: Solver {
  /// The norm of the ball.
  public var norm: Norm
  /// ε, the radius of the ball.
  public var epsilon: Double
  /// α, the length of a step in the norm.
  public var alpha: Double
  /// The number of updates.
  public var iterations: Int
  /// The number of random starts in the ball, each for the rows that the ones before did not break; 0 begins at x.
  public var restarts: Int
  /// Which iterate is returned.
  public var keeps: Kept
  var order = Ball.Order.ballFirst

  /// Which iterate is returned.
  public enum Kept: String, CaseIterable, Sendable {
    /// The last one.
    case last
    /// The one with the least loss among those that succeed.
    case best
  }

  /// PGD with the usual settings but for those that are given.
  public init(
    norm: Norm = .linf, epsilon: Double = 0.1, alpha: Double = 0.01, iterations: Int = 40, restarts: Int = 0,
    keeps: Kept = .last
  ) {
    self.norm = norm
    self.epsilon = epsilon
    self.alpha = alpha
    self.iterations = iterations
    self.restarts = restarts
    self.keeps = keeps
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { x, incumbent, timing in
      let ball = Ball(problem, norm, epsilon)
      // A success stays as it is in later rounds, so that no row depends on when its tile ends.
      for round in 0..<max(1, restarts) {
        incumbent.beginRun()
        let isOpen = .!incumbent.found
        func open(_ f: Tensor) -> Tensor { `where`(isOpen, f, f.clamped(atLeast: 1e-30)) }
        var perturbed = restarts == 0 ? x : ball.random(round)
        for t in 0...iterations {
          try problem.tile.checkCancellation()
          let isLast = t == iterations
          if isLast, keeps == .last {
            let f = try seconds(&timing.criterion) { try problem.criterion.values(perturbed) }
            incumbent.consider(perturbed, f: open(f), similarity: f, iteration: round * iterations + t)
            break
          }
          let gradient: Tensor
          switch keeps {
          case .last:
            gradient = try seconds(&timing.criterion) { try problem.criterion.gradient(perturbed) }
          case .best:
            let at = try seconds(&timing.criterion) { try problem.criterion.evaluation(perturbed) }
            incumbent.consider(
              perturbed, f: open(at.values), similarity: at.loss, iteration: round * iterations + t)
            gradient = at.gradient
          }
          if isLast { break }
          incumbent.note(gradientNorms: gradient.scaledSampleNorms(), among: isOpen)
          let next = ball.projected(perturbed - ball.steepest(gradient) * alpha, order: order)
          perturbed = `where`(incumbent.finite.perSample(like: next), next, perturbed)
        }
        if incumbent.hasAll(problem.tile.rows) { break }
      }
    }
  }
}

extension RegisteredSolver {
  static let pgd = RegisteredSolver(
    "pgd", "projected gradient descent in a ball around x", takesStart: false,
    settings: [
      .norm, .alpha(0.01), .iterations, .radius(0.1),
      .integer("restarts", 0, in: 0...1000, "random starts in the ball; 0 begins at x"),
      .word("keeps", PGD.Kept.last, "which iterate is returned: the last, or the best that succeeds"),
      .word("order", Ball.Order.ballFirst, "which bound an iterate is brought into first, for the norm l2"),
    ]
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    var solver = PGD(
      norm: norm, epsilon: epsilon, alpha: choice.real("alpha"), iterations: choice.integer("iterations"),
      restarts: choice.integer("restarts"), keeps: choice.word("keeps", usual: .last))
    solver.order = choice.word("order", usual: .ballFirst)
    return solver
  }

  static let fgsm = RegisteredSolver(
    "fgsm", "one step to the edge of the ball (Goodfellow et al. 2015)", takesStart: false,
    settings: [.norm, .radius(0.1)]
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    return PGD(norm: norm, epsilon: epsilon, alpha: epsilon, iterations: 1)
  }
}
