import Foundation
import Torch

/// The square attack (Andriushchenko et al. 2020), for all rows of a tile at once: a random search without gradients, in
/// which a square of the image (of a table a stretch of its features) is moved to the edge of the ball, and kept where f
/// falls.
///
/// As in the authors' code: the search begins at vertical stripes; the share of the image that a square covers begins at
/// 0.8 and is halved at fixed shares of the queries; each channel of a square moves by ±2ε. In ‖·‖₂ mass moves between two
/// windows of fixed shape. Every sample draws its own squares. A row's first success is returned.
public struct Square: Solver {
  /// The norm of the ball.
  public var norm: Norm
  /// ε, the radius of the ball.
  public var epsilon: Double
  /// The number of values of f that may be asked for.
  public var queries: Int
  /// The share of the image that the first squares cover.
  public var firstShare: Double

  /// The attack with the usual settings but for those that are given.
  public init(norm: Norm = .linf, epsilon: Double = 0.1, queries: Int = 5000, firstShare: Double = 0.8) {
    self.norm = norm
    self.epsilon = epsilon
    self.queries = queries
    self.firstShare = firstShare
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { _, incumbent, timing in
      try search(problem, &incumbent, &timing, firstIteration: 0)
    }
  }

  /// - Parameter firstIteration: the number of iterations before.
  func search(
    _ problem: Problem, _ incumbent: inout Incumbent, _ timing: inout TileSolution.Timing, firstIteration: Int
  ) throws {
    incumbent.beginRun()
    if incumbent.hasAll(problem.tile.rows) { return }
    let x = problem.tile.originals
    let moves = SquareMoves(problem.tile, norm: norm, epsilon: epsilon)
    let ball = Ball(problem, norm, epsilon)
    var best = ball.projected(x + moves.first())
    var lowest = try seconds(&timing.criterion) { try problem.criterion.values(best) }
    consider(best, lowest, firstIteration, &incumbent)
    for query in 1..<max(1, queries) where !incumbent.hasAll(problem.tile.rows) {
      try problem.tile.checkCancellation()
      let moved = ball.projected(moves.moved(best, share: share(query), query: query))
      let f = try seconds(&timing.criterion) { try problem.criterion.values(moved) }
      consider(moved, f, firstIteration + query, &incumbent)
      let isBetter = f .< lowest
      best = `where`(isBetter.perSample(like: best), moved, best)
      lowest = `where`(isBetter, f, lowest)
    }
  }

  /// The first success stays.
  private func consider(_ perturbed: Tensor, _ f: Tensor, _ number: Int, _ incumbent: inout Incumbent) {
    let rank = Tensor.full(f.shape, Double(number), device: f.device)
    incumbent.consider(perturbed, f: f, similarity: rank, iteration: number)
  }

  /// The share of the image that the query's square covers.
  private func share(_ query: Int) -> Double {
    let place = query * 10_000 / max(1, queries)
    let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].count { place > $0 }
    return firstShare / Double(1 << halvings)
  }
}

extension RegisteredSolver {
  static let square = RegisteredSolver(
    "square", "a random search without gradients (Andriushchenko et al. 2020)", takesStart: false,
    gradientUse: .never,
    settings: [
      .norm, .radius(0.1), .queries,
      .real("firstShare", 0.8, in: .positive(upTo: 1), "the share of the image that the first squares cover"),
    ], gradients: queriesAlone
  ) { choice, _ in
    let (norm, epsilon) = try choice.ballSettings()
    return Square(
      norm: norm, epsilon: epsilon, queries: choice.integer("queries"), firstShare: choice.real("firstShare"))
  }
}
