import Torch

/// The paper's penalty method (Section 3.3): plain descent in δ on c · f⁺(x + δ) + I(x, x + δ) with c fixed, and nine binary
/// searches for c as Carlini and Wagner (2017) do them: c begins at 10⁻³; a search with a success halves the way to the
/// lower bound, one without multiplies c by 10 until an upper bound is known. Every search begins anew, its critic included;
/// the best iterate of all searches is returned.
public struct Penalty: Solver {
  /// Where the search begins.
  public var start: any Start
  /// α, the step on δ.
  public var alpha: Double
  /// T, the number of iterations in each search.
  public var iterations: Int
  /// ε, the largest change of a value; from 1 on there is no bound besides [0, 1].
  public var epsilon: Double
  /// The number of values of c that are tried.
  public var searches: Int
  /// c of the first search.
  public var firstConstant: Double
  /// Whether each iteration's values are kept, those of all searches one after the other.
  public var recordsTrace = false

  /// The penalty method with the usual settings but for those that are given.
  public init(
    start: some Start = .zero, alpha: Double = 0.01, iterations: Int = 40, epsilon: Double = 1,
    searches: Int = 9, firstConstant: Double = 1e-3
  ) {
    self.start = start
    self.alpha = alpha
    self.iterations = iterations
    self.epsilon = epsilon
    self.searches = searches
    self.firstConstant = firstConstant
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    let x = problem.tile.originals
    var timing = TileSolution.Timing()
    var total = 0.0
    var trace = recordsTrace ? TileSolution.Trace() : nil
    var incumbent = Incumbent(problem)
    var constants = PenaltySearch(x, first: firstConstant)
    try seconds(&total) {
      try withoutGrad {
        let first = problem.projected(start.perturbed(problem.tile), epsilon: epsilon)
        for number in 0..<searches {
          let met = try search(problem, from: first, constants.constant, number, &incumbent, &timing, &trace)
          constants.narrow(met)
        }
      }
    }
    timing.total = total
    return incumbent.solution(multiplier: constants.constant.floats, timing: timing, trace: trace)
  }

  /// One search with c fixed.
  /// - Returns: the rows that met the criterion at some iterate, `[rows]`.
  private func search(
    _ problem: Problem, from first: Tensor, _ c: Tensor, _ number: Int, _ incumbent: inout Incumbent,
    _ timing: inout TileSolution.Timing, _ trace: inout TileSolution.Trace?
  ) throws -> Tensor {
    let criterion = problem.criterion
    var similarity = try problem.makeSimilarity()
    var perturbed = first
    var met = incumbent.none
    for t in 0...iterations {
      try problem.tile.checkCancellation()
      let (f, gradF) = try seconds(&timing.criterion) { try criterion.valuesAndGradient(perturbed) }
      let (information, gradI) = try seconds(&timing.similarity) {
        try similarity.evaluate(perturbed, iteration: t)
      }
      // As in Algorithm 1 only iterates after the first step count.
      if t > 0 {
        trace?.similarity.append(information.floats)
        trace?.criterion.append(f.floats)
        met = met
          .| incumbent.consider(
            perturbed, f: f, similarity: information, iteration: number * iterations + t)
      }
      if t == iterations { break }
      let active = c * (f .> 0).to(.float32)
      let gradient = gradF * active.perSample(like: gradF) + gradI
      incumbent.note(gradientNorms: gradient.scaledSampleNorms())
      let next = problem.projected(perturbed - gradient * alpha, epsilon: epsilon)
      perturbed = `where`(incumbent.finite.perSample(like: next), next, perturbed)
    }
    return met
  }
}

extension RegisteredSolver {
  static let penalty = RegisteredSolver(
    "penalty", "the paper's penalty method: a fixed weight of the criterion, found by binary search",
    settings: [
      .alpha(0.01), .iterations, .epsilon(1),
      .integer("searches", 9, in: 1...100, "how many weights of the criterion are tried"),
      .real("firstConstant", 1e-3, in: .positive, "c, the weight of the criterion in the first search"),
    ]
  ) { choice, start in
    Penalty(
      start: start, alpha: choice.real("alpha"), iterations: choice.integer("iterations"),
      epsilon: choice.real("epsilon"), searches: choice.integer("searches"),
      firstConstant: choice.real("firstConstant"))
  }
}
