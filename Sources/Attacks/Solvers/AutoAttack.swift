import Torch

/// The standard set of AutoAttack (Croce and Hein 2020): ``APGD`` on the cross-entropy, ``TargetedAPGD``, ``FAB`` and
/// ``Square`` one after the other, each for the rows that those before did not break.
public struct AutoAttack: Solver {
  /// The norm of the ball.
  public var norm: Norm
  /// ε, the radius of the ball.
  public var epsilon: Double
  /// The steps of each run by gradients.
  public var iterations: Int
  /// The queries of the search without gradients.
  public var queries: Int
  /// The number of other classes that are tried.
  public var targets: Int

  /// The standard set with the usual settings but for those that are given.
  public init(
    norm: Norm = .linf, epsilon: Double = 0.1, iterations: Int = 100, queries: Int = 5000, targets: Int = 9
  ) {
    self.norm = norm
    self.epsilon = epsilon
    self.iterations = iterations
    self.queries = queries
    self.targets = targets
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    _ = try problem.untargetedClasses("auto")
    let apgd = APGD(norm: norm, epsilon: epsilon, iterations: iterations, surrogate: .crossEntropy)
    let square = Square(norm: norm, epsilon: epsilon, queries: queries)
    return try problem.solving { _, incumbent, timing in
      try apgd.search(problem, &incumbent, &timing)
      let next = try TargetedAPGD(apgd, targets: targets).search(
        problem, &incumbent, &timing, firstRound: 1)
      let steps = next * (iterations + 1)
      try FAB(norm: norm, epsilon: epsilon, iterations: iterations, targets: targets).search(
        problem, &incumbent, &timing, stopsAtSuccess: true, firstIteration: steps)
      try square.search(
        problem, &incumbent, &timing, firstIteration: steps + targets * iterations)
    }
  }
}

extension RegisteredSolver {
  static let autoAttack = RegisteredSolver(
    "auto", "AutoAttack's standard set: apgd, apgd-t, fab and square in turn", takesStart: false,
    onlyCriterion: "misclassification", gradientUse: .partly,
    settings: [
      .norm, .radius(0.1), .integer("iterations", 100, in: 1...100_000, "T, the number of steps"), .queries,
      .targets,
    ],
    gradients: { choice in
      let steps = Double(choice.integer("iterations") + 1)
      return steps * Double(1 + 2 * choice.integer("targets")) + queriesAlone(choice)
    }
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    return AutoAttack(
      norm: norm, epsilon: epsilon, iterations: choice.integer("iterations"),
      queries: choice.integer("queries"),
      targets: choice.integer("targets"))
  }
}

extension Setting {
  static let queries = Setting.integer(
    "queries", 5000, in: 1...10_000_000, "the number of queries of a search without gradients")
}
