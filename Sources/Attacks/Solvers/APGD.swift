import Torch

/// Auto-PGD (Croce and Hein 2020), for all rows of a tile at once: projected gradient steps with momentum in a ball; each
/// row halves its step, and goes back to its best iterate, where the loss has stopped falling.
///
/// As in the authors' code (AutoAttack): the first step is 2ε, the momentum 0.75, the step is reviewed after 22 % of the
/// iterations and then after intervals that shrink by 3 % to 6 %. The first success is returned (theirs: the last), so that a
/// tile ends with its last row. Each restart is for the rows that the ones before did not break.
public struct APGD: Solver {
  /// The norm of the ball.
  public var norm: Norm
  /// ε, the radius of the ball.
  public var epsilon: Double
  /// The number of updates.
  public var iterations: Int
  /// The number of random starts.
  public var restarts: Int
  /// The share of steps since the last review in which the loss must have fallen.
  public var rho: Double
  /// The loss that is followed; nil for the criterion's.
  public var surrogate: Surrogate?

  /// APGD with the usual settings but for those that are given.
  public init(
    norm: Norm = .linf, epsilon: Double = 0.1, iterations: Int = 100, restarts: Int = 1, rho: Double = 0.75,
    surrogate: Surrogate? = nil
  ) {
    self.norm = norm
    self.epsilon = epsilon
    self.iterations = iterations
    self.restarts = restarts
    self.rho = rho
    self.surrogate = surrogate
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { _, incumbent, timing in
      try search(problem, &incumbent, &timing)
    }
  }

  /// The restarts, for the rows without a success.
  func search(_ problem: Problem, _ incumbent: inout Incumbent, _ timing: inout TileSolution.Timing) throws {
    let classes = problem.criterion.classes
    for round in 0..<restarts {
      incumbent.beginRun()
      if incumbent.hasAll(problem.tile.rows) { return }
      try run(problem, from: start(problem, round), &incumbent, &timing, round: round) { perturbed in
        guard let surrogate, let classes else { return try problem.criterion.evaluation(perturbed) }
        return try Evaluation(perturbed) {
          let logits = try classes.logits($0)
          let loss = surrogate.loss(logits, classes.classes)
          return (try classes.values(at: $0, logits: logits), classes.isTargeted ? -loss : loss)
        }
      }
    }
  }

  /// A random start on the surface of the ball.
  func start(_ problem: Problem, _ round: Int) -> Tensor {
    let tile = problem.tile
    let direction =
      norm == .linf ? tile.drawn(round, .uniform) * 2 - 1 : tile.drawn(round, .normal)
    let lengths = norm(direction).clamped(atLeast: 1e-12)
    return problem.masked(
      (tile.originals + direction * (epsilon / lengths).perSample(like: direction)).clamped(0...1))
  }

  /// One run from a start, for the rows that have no success yet.
  ///
  /// - Parameters:
  ///   - round: counts the runs.
  ///   - evaluate: f, the loss and its gradient.
  func run(
    _ problem: Problem, from start: Tensor, _ incumbent: inout Incumbent, _ timing: inout TileSolution.Timing,
    round: Int, evaluate: (Tensor) throws -> Evaluation
  ) throws {
    let ball = Ball(problem, norm, epsilon)
    var perturbed = start, previous = start
    var at = try seconds(&timing.criterion) { try evaluate(perturbed) }
    var state = State(at, perturbed, step: 2 * epsilon, problem.tile.size)
    var review = Review(iterations)
    consider(perturbed, at, 0, round, &incumbent)
    for t in 0..<iterations where !incumbent.hasAll(problem.tile.rows) {
      try problem.tile.checkCancellation()
      incumbent.note(gradientNorms: at.gradient.scaledSampleNorms(), among: .!incumbent.found)
      let momentum = perturbed - previous
      previous = perturbed
      let share = t > 0 ? 0.75 : 1
      let step = ball.steepest(at.gradient) * state.step.perSample(like: perturbed)
      let plain = ball.projected(perturbed - step)
      let moved = perturbed + (plain - perturbed) * share + momentum * (1 - share)
      let next = ball.projected(moved)
      perturbed = `where`(incumbent.finite.perSample(like: next), next, perturbed)
      at = try seconds(&timing.criterion) { try evaluate(perturbed) }
      consider(perturbed, at, t + 1, round, &incumbent)
      state.note(at, perturbed)
      if review.isDue(after: t) {
        let gradient: Tensor
        (perturbed, gradient) = state.review(perturbed, at.gradient, interval: review.last, rho: rho)
        at = Evaluation(values: at.values, loss: at.loss, gradient: gradient)
      }
    }
  }

  /// The first success stays.
  private func consider(
    _ perturbed: Tensor, _ at: Evaluation, _ t: Int, _ round: Int, _ incumbent: inout Incumbent
  ) {
    let number = round * (iterations + 1) + t
    let rank = Tensor.full(at.loss.shape, Double(number), device: at.loss.device)
    incumbent.consider(perturbed, f: at.values, similarity: rank, iteration: number)
  }

  /// When steps are reviewed.
  private struct Review {
    private let shortest: Int
    private let decrease: Int
    private var interval: Int
    private var count = 0
    /// The length of the interval that has just ended.
    private(set) var last = 0

    init(_ iterations: Int) {
      func share(_ value: Double) -> Int { max(Int(value * Double(iterations)), 1) }
      (interval, shortest, decrease) = (share(0.22), share(0.06), share(0.03))
    }

    mutating func isDue(after t: Int) -> Bool {
      count += 1
      guard count == interval else { return false }
      last = interval
      interval = max(interval - decrease, shortest)
      count = 0
      return true
    }
  }

  /// What each row remembers.
  private struct State {
    var step: Tensor
    private var best: Tensor
    private var bestGradient: Tensor
    private var bestLoss: Tensor
    private var lossAtReview: Tensor
    private var wasReduced: Tensor
    /// The losses of the iterates since the last review, the one before them first.
    private var losses: [Tensor]

    init(_ at: Evaluation, _ perturbed: Tensor, step: Double, _ size: Int) {
      self.step = Tensor.full([size], step, device: perturbed.device)
      (best, bestGradient, bestLoss, lossAtReview) = (perturbed, at.gradient, at.loss, at.loss)
      wasReduced = Tensor.full([size], 1, device: perturbed.device) .> 0
      losses = [at.loss]
    }

    mutating func note(_ at: Evaluation, _ perturbed: Tensor) {
      losses.append(at.loss)
      let isBetter = at.loss .< bestLoss
      best = `where`(isBetter.perSample(like: best), perturbed, best)
      bestGradient = `where`(isBetter.perSample(like: best), at.gradient, bestGradient)
      bestLoss = `where`(isBetter, at.loss, bestLoss)
    }

    /// Halves the step of rows whose loss fell too seldom, or not at all since a review that left the step alone.
    mutating func review(
      _ perturbed: Tensor, _ gradient: Tensor, interval: Int, rho: Double
    ) -> (perturbed: Tensor, gradient: Tensor) {
      var falls = Tensor.zeros([step.shape[0]], device: step.device)
      for (before, after) in zip(losses, losses.dropFirst()) {
        falls = falls + (after .< before).to(.float32)
      }
      let oscillates = falls .<= rho * Double(interval)
      let isStuck = (.!wasReduced) .& (lossAtReview .<= bestLoss)
      let isReduced = oscillates .| isStuck
      wasReduced = isReduced
      lossAtReview = bestLoss
      step = `where`(isReduced, step / 2, step)
      losses = [losses[losses.count - 1]]
      let rows = isReduced.perSample(like: perturbed)
      return (`where`(rows, best, perturbed), `where`(rows, bestGradient, gradient))
    }
  }
}

extension RegisteredSolver {
  static let apgd = RegisteredSolver(
    "apgd", "projected gradients with steps of their own (Croce and Hein 2020)", takesStart: false,
    settings: [
      .norm, .radius(0.1), .integer("iterations", 100, in: 1...100_000, "T, the number of steps"),
      .integer("restarts", 1, in: 1...1000, "random starts in the ball"),
      .real("rho", 0.75, in: 0...1, "ρ, the share of steps that must lower the loss"),
    ]
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    return APGD(
      norm: norm, epsilon: epsilon, iterations: choice.integer("iterations"),
      restarts: choice.integer("restarts"), rho: choice.real("rho"))
  }
}
