import Foundation
import Torch

/// The two searches of the paper's published code for classifiers (IBM/UAE, `Supervised/`), with its arithmetic where that is
/// another than the paper's, so that its figures can be made again; for all else there are ``MinMax`` and ``Penalty``.
///
/// - Only the image is clipped to [0, 1], δ is not: a value of δ that leads outside has no gradient and stays where it is.
/// - c begins at 10⁻³ and follows f(x + δₜ), not f(x + δₜ₊₁).
/// - The image and the f of δₜ are kept together with the reading of δₜ₊₁, and the largest reading decides.
/// - The penalty method's Adam moves δ together with the critic, twenty times an iteration.
///
/// The critic's step comes before its reading here, after it there; where nothing succeeds the original is returned here,
/// black there.
public struct PublishedSearch: Solver {
  /// Which of the two searches.
  public enum Method: Sendable {
    /// Algorithm 1.
    case minmax
    /// The penalty method.
    case penalty
  }

  /// Which of the two searches.
  public var method: Method
  /// T, the number of iterations in each search.
  public var iterations: Int
  /// The number of values of c that are tried; MinMax has one search.
  public var searches: Int
  /// Whether each iteration's values are kept, those of all searches one after the other.
  public var recordsTrace: Bool

  /// α and ε of δ.
  private static let alpha = 0.01, epsilon = 1.0
  /// c at the beginning, and β.
  private static let firstConstant = 1e-3, beta = 0.1
  /// Adam's steps of the penalty method in an iteration.
  static let adamSteps = 20
  /// Adam's learning rate, of the critic and of the penalty method's δ: ``learningRate(_:)``.
  public static func learningRate(_ method: Method) -> Double { method == .minmax ? 1.5e-5 : 2e-5 }

  /// A search as published, with these numbers of iterations and searches.
  public init(_ method: Method, iterations: Int, searches: Int, recordsTrace: Bool = false) {
    self.method = method
    self.iterations = iterations
    self.searches = method == .minmax ? 1 : searches
    self.recordsTrace = recordsTrace
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    let x = problem.tile.originals
    var incumbent = Incumbent(problem)
    var timing = TileSolution.Timing()
    var total = 0.0
    var trace = recordsTrace ? TileSolution.Trace() : nil
    var constants = PenaltySearch(x, first: Self.firstConstant)
    var c = constants.constant
    try seconds(&total) {
      try withoutGrad {
        for number in 0..<searches {
          c = constants.constant
          let met = try search(problem, number, &c, &incumbent, &timing, &trace)
          constants.narrow(met)
        }
      }
    }
    timing.total = total
    return incumbent.solution(multiplier: c.floats, timing: timing, trace: trace)
  }

  /// One search.
  /// - Returns: the rows that met the criterion at some iterate, `[rows]`.
  private func search(
    _ problem: Problem, _ number: Int, _ c: inout Tensor, _ incumbent: inout Incumbent,
    _ timing: inout TileSolution.Timing, _ trace: inout TileSolution.Trace?
  ) throws -> Tensor {
    let x = problem.tile.originals, criterion = problem.criterion
    var similarity = try problem.makeSimilarity()
    var adam = Adam(learningRate: Self.learningRate(method))
    var delta = GlorotStart.noise(problem.tile)
    var met = incumbent.none
    func image() -> Tensor { problem.masked((x + delta).clamped(0...1)) }
    /// A gradient by the image as one by δ.
    func pulled(_ gradient: Tensor) -> Tensor {
      let sum = x + delta
      return gradient * ((sum .>= 0) .& (sum .<= 1)).to(.float32)
    }
    var (f, gradF) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(image()) }
    var (information, gradI) = try seconds(&timing.similarity) {
      try similarity.evaluate(image(), iteration: 0)
    }
    for t in 0..<iterations {
      try problem.tile.checkCancellation()
      let active = c * (f .> 0).to(.float32)
      let gradient = pulled(gradF * active.perSample(like: gradF) + gradI)
      incumbent.note(gradientNorms: gradient.scaledSampleNorms())
      let before = (image: image(), f: f)
      let next = (delta - gradient * Self.alpha).clamped(-Self.epsilon...Self.epsilon)
      delta = `where`(incumbent.finite.perSample(like: next), next, delta).contiguous()
      try seconds(&timing.similarity) {
        for step in 0..<(method == .minmax ? 1 : Self.adamSteps) {
          (information, gradI) = try similarity.evaluate(
            image(), iteration: t * Self.adamSteps + step + 1)
          if method == .penalty { adam.step([delta], [pulled(gradI)]) }
        }
      }
      (f, gradF) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(image()) }
      if method == .minmax {
        let decay = 1 - Self.beta / pow(Double(t + 1), 0.25)
        c = `where`(before.f.isFinite, c * decay + before.f.clamped(atLeast: 0) * Self.beta, c)
      }
      met = met
        .| incumbent.consider(
          before.image, f: before.f, similarity: information, iteration: number * iterations + t + 1)
      trace?.similarity.append(information.floats)
      trace?.criterion.append(before.f.floats)
      trace?.multiplier.append(c.floats)
    }
    return met
  }
}
