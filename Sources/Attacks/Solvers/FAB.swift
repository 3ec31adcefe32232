import Torch

/// The fast adaptive boundary attack (Croce and Hein 2020), targeted version, for all rows of a tile at once: projections
/// onto the linearised boundary between y and one other class after the other, drawn towards x. The success nearest to x is
/// returned, if it is within ε.
///
/// As in the authors' code (AutoAttack): steps beyond the boundary by η = 1.05, drawn to x by at most α = 0.1, and after a
/// success back towards x by β = 0.9.
public struct FAB: Solver {
  /// The norm in which the boundary is to be near.
  public var norm: Norm
  /// ε, the radius within which a success counts.
  public var epsilon: Double
  /// The number of steps.
  public var iterations: Int
  /// The number of runs for each target; all but the first begin at random.
  public var restarts: Int
  /// The number of other classes that are tried.
  public var targets: Int

  static let overshoot = 1.05
  static let largestBias = 0.1
  static let backtracking = 0.9

  /// FAB with the usual settings but for those that are given.
  public init(
    norm: Norm = .linf, epsilon: Double = 1, iterations: Int = 100, restarts: Int = 1, targets: Int = 9
  ) {
    self.norm = norm
    self.epsilon = epsilon
    self.iterations = iterations
    self.restarts = restarts
    self.targets = targets
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { _, incumbent, timing in
      try search(problem, &incumbent, &timing, stopsAtSuccess: false, firstIteration: 0)
    }
  }

  /// - Parameters:
  ///   - stopsAtSuccess: whether any success will do: a row's first stays, and a tile ends with its last row.
  ///   - firstIteration: the number of iterations before.
  func search(
    _ problem: Problem, _ incumbent: inout Incumbent, _ timing: inout TileSolution.Timing,
    stopsAtSuccess: Bool,
    firstIteration: Int
  ) throws {
    let classes = try problem.untargetedClasses("fab")
    let others = try classes.others(problem.tile.originals)
    var number = firstIteration
    for target in others.prefix(targets) {
      for round in 0..<restarts {
        incumbent.beginRun()
        if stopsAtSuccess, incumbent.hasAll(problem.tile.rows) { return }
        var perturbed = problem.tile.originals
        if round > 0 {
          let ball = Ball(problem, norm, (norm == .linf ? min(epsilon, 1) : epsilon) / 2)
          perturbed = ball.random(round)
        }
        for _ in 0..<iterations {
          try problem.tile.checkCancellation()
          number += 1
          if stopsAtSuccess, incumbent.hasAll(problem.tile.rows) { return }
          perturbed = try step(
            problem, classes, target, perturbed, &incumbent, &timing, number, stopsAtSuccess)
        }
      }
    }
  }

  private func step(
    _ problem: Problem, _ classes: ClassObjective, _ target: Tensor, _ perturbed: Tensor,
    _ incumbent: inout Incumbent, _ timing: inout TileSolution.Timing, _ number: Int, _ stopsAtSuccess: Bool
  ) throws -> Tensor {
    let x = problem.tile.originals
    let at = try seconds(&timing.criterion) {
      try Evaluation(perturbed) {
        let logits = try classes.logits($0)
        func logit(_ index: Tensor) -> Tensor {
          logits.gathered(1, index: index.unsqueezed(1)).reshaped([-1])
        }
        return (try classes.values(at: $0, logits: logits), logit(target) - logit(classes.classes))
      }
    }
    consider(perturbed, at.values, problem, &incumbent, number, stopsAtSuccess)
    incumbent.note(
      gradientNorms: at.gradient.scaledSampleNorms(), among: stopsAtSuccess ? .!incumbent.found : nil)
    // The boundary is where z_t − z_y, linearised, is 0.
    let fromHere = projections(problem, perturbed, normal: at.gradient, need: -at.loss)
    let offset = ((perturbed - x) * at.gradient).flattened().sum(1) - at.loss
    let fromOriginal = projections(problem, x, normal: at.gradient, need: offset)
    let near = norm(fromHere).clamped(atLeast: 1e-8), far = norm(fromOriginal).clamped(atLeast: 1e-8)
    let bias = (near / (near + far)).clamped(0...Self.largestBias).perSample(like: x)
    let moved = problem.masked(
      ((perturbed + fromHere * Self.overshoot) * (1 - bias) + (x + fromOriginal * Self.overshoot) * bias)
        .clamped(0...1))
    let next = `where`(incumbent.finite.perSample(like: moved), moved, perturbed)
    let f = try seconds(&timing.criterion) { try classes.values(at: next) }
    consider(next, f, problem, &incumbent, number, stopsAtSuccess)
    let isBroken = (f .<= 0).perSample(like: next)
    return `where`(isBroken, x + (next - x) * Self.backtracking, next)
  }

  /// Only successes within ε count; the nearest stays, or the first where any will do.
  private func consider(
    _ perturbed: Tensor, _ f: Tensor, _ problem: Problem, _ incumbent: inout Incumbent, _ number: Int,
    _ stopsAtSuccess: Bool
  ) {
    let distance = norm(perturbed - problem.tile.originals)
    let counts = distance .<= epsilon
    incumbent.consider(
      perturbed, f: `where`(counts, f, f.clamped(atLeast: 1e-30)),
      similarity: stopsAtSuccess ? Tensor.full(f.shape, Double(number), device: f.device) : distance,
      iteration: number)
  }

  /// The smallest steps of each row onto its plane, within [0, 1].
  private func projections(_ problem: Problem, _ from: Tensor, normal: Tensor, need: Tensor) -> Tensor {
    let rows = from.shape[0], length = from.count / max(1, rows)
    let t = from.contiguous().floats, w = normal.contiguous().floats, need = need.doubles
    let mask = problem.tile.mask?.contiguous().floats
    var steps = [Float](repeating: 0, count: from.count)
    t.withUnsafeBufferPointer { t in
      w.withUnsafeBufferPointer { w in
        steps.withUnsafeMutableBufferPointer { steps in
          for row in problem.tile.rows {
            let range = row * length..<(row + 1) * length
            let free = mask.map { $0.count == length ? $0[...] : $0[range] }
            func project(_ free: UnsafeBufferPointer<Float>?) {
              BoxProjection.step(
                from: .init(rebasing: t[range]), w: .init(rebasing: w[range]), need: need[row], norm: norm,
                isFree: free, into: .init(rebasing: steps[range]))
            }
            if let free { free.withUnsafeBufferPointer { project($0) } } else { project(nil) }
          }
        }
      }
    }
    return Tensor(steps, from.shape).to(from.device)
  }
}

extension RegisteredSolver {
  static let fab = RegisteredSolver(
    "fab", "the nearest success, by the linearised boundaries of other classes (Croce and Hein 2020)",
    takesStart: false, onlyCriterion: "misclassification",
    settings: [
      .norm, .radius(1), .integer("iterations", 100, in: 1...100_000, "T, the number of steps"),
      .integer("restarts", 1, in: 1...1000, "runs for each class; all but the first begin at random"),
      .targets,
    ]
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    return FAB(
      norm: norm, epsilon: epsilon, iterations: choice.integer("iterations"),
      restarts: choice.integer("restarts"), targets: choice.integer("targets"))
  }
}
