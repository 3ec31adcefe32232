import Torch

/// ``APGD`` towards one other class after the other, the likeliest first, by the targeted difference of logits ratio
/// (z_y − z_t) / (z₍₁₎ − (z₍₃₎ + z₍₄₎)/2) (Croce and Hein 2020). Of fewer than four classes it is the plain difference.
public struct TargetedAPGD: Solver {
  /// One run's settings; its restarts are those of each target.
  public var run: APGD
  /// The number of other classes that are tried.
  public var targets: Int

  /// Runs of APGD towards so many other classes.
  public init(_ run: APGD, targets: Int = 9) {
    self.run = run
    self.targets = targets
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { _, incumbent, timing in
      try search(problem, &incumbent, &timing, firstRound: 0)
    }
  }

  /// - Parameter firstRound: the number of the first run; what is drawn depends on it.
  /// - Returns: the number of the next run.
  @discardableResult
  func search(
    _ problem: Problem, _ incumbent: inout Incumbent, _ timing: inout TileSolution.Timing, firstRound: Int
  ) throws -> Int {
    let classes = try problem.untargetedClasses("apgd-t")
    let others = try withoutGrad { try classes.others(problem.tile.originals) }
    var round = firstRound
    for target in others.prefix(targets) {
      for _ in 0..<run.restarts {
        incumbent.beginRun()
        if incumbent.hasAll(problem.tile.rows) { break }
        try run.run(problem, from: run.start(problem, round), &incumbent, &timing, round: round) {
          perturbed in
          try Evaluation(perturbed) {
            let logits = try classes.logits($0)
            return (try classes.values(at: $0, logits: logits), loss(logits, classes.classes, target))
          }
        }
        round += 1
      }
    }
    return firstRound + min(targets, others.count) * run.restarts
  }

  private func loss(_ logits: Tensor, _ classes: Tensor, _ target: Tensor) -> Tensor {
    func logit(_ index: Tensor) -> Tensor { logits.gathered(1, index: index.unsqueezed(1)).reshaped([-1]) }
    let difference = logit(classes) - logit(target)
    guard logits.shape[1] > 3 else { return difference }
    let sorted = logits.sorted(1)
    let rest = (sorted.selected(1, 2) + sorted.selected(1, 3)) / 2
    return difference / (sorted.selected(1, 0) - rest + 1e-12)
  }
}

extension ClassObjective {
  /// The other classes of each row in the order of the logits of its original, the largest first: one tensor `[size]` for
  /// each rank.
  func others(_ originals: Tensor) throws -> [Tensor] {
    let logits = try self.logits(originals)
    let (size, count) = (logits.shape[0], logits.shape[1])
    let values = logits.floats, own = classes.ints
    let orders = (0..<size).map { row -> [Int] in
      // Equal logits, and numbers that are none, in the order of the classes.
      (0..<count).filter { $0 != own[row] }
        .sorted { (values[row * count + $0], -$0) > (values[row * count + $1], -$1) }
    }
    return (0..<count - 1).map { rank in
      Tensor(orders.map { $0[rank] }, [size]).to(logits.device)
    }
  }
}

extension Problem {
  /// What a solver needs that tries one other class after the other.
  /// - Throws: ``CriterionError/onlyClasses(_:)``, ``CriterionError/onlyUntargeted(_:)``.
  func untargetedClasses(_ solver: String) throws -> ClassObjective {
    guard let classes = criterion.classes else { throw CriterionError.onlyClasses(solver) }
    guard !classes.isTargeted else { throw CriterionError.onlyUntargeted(solver) }
    return classes
  }
}

extension RegisteredSolver {
  static let targetedAPGD = RegisteredSolver(
    "apgd-t", "apgd towards one other class after the other", takesStart: false,
    onlyCriterion: "misclassification",
    settings: [
      .norm, .radius(0.1), .integer("iterations", 100, in: 1...100_000, "T, the number of steps"),
      .integer("restarts", 1, in: 1...1000, "random starts in the ball"),
      .real("rho", 0.75, in: 0...1, "ρ, the share of steps that must lower the loss"), .targets,
    ]
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    return TargetedAPGD(
      APGD(
        norm: norm, epsilon: epsilon, iterations: choice.integer("iterations"),
        restarts: choice.integer("restarts"), rho: choice.real("rho")), targets: choice.integer("targets"))
  }
}

extension Setting {
  static let targets = Setting.integer(
    "targets", 9, in: 1...10_000, "how many other classes are tried, the likeliest first")
}
