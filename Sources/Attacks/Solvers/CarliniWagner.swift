import Torch

/// The attack of Carlini and Wagner (2017) in ‖·‖₂, for all rows of a tile at once: Adam on
/// ‖x′ − x‖₂² + c · f⁺(x′) with x′ = (tanh w + 1)/2, and binary searches for c. The success nearest to x is returned.
///
/// As in the authors' code (nn_robust_attacks): c begins at 10⁻³; a search with a success halves the way to the lower
/// bound, one without multiplies c by 10 until an upper bound is known; every search begins at x with new moments. There is
/// no abort of searches that no longer improve, so that no row depends on another.
public struct CarliniWagner: Solver {
  /// Adam's learning rate.
  public var alpha: Double
  /// The number of steps in each search.
  public var iterations: Int
  /// The number of values of c that are tried.
  public var searches: Int
  /// c of the first search.
  public var firstConstant: Double

  /// The attack with the usual settings but for those that are given.
  public init(
    alpha: Double = 0.01, iterations: Int = 1000, searches: Int = 9, firstConstant: Double = 1e-3
  ) {
    self.alpha = alpha
    self.iterations = iterations
    self.searches = searches
    self.firstConstant = firstConstant
  }

  public func solve(_ problem: Problem) throws -> TileSolution {
    try problem.solving { x, incumbent, timing in
      // Not quite ±1, whose place is infinitely far.
      let place = atanh((x * 2 - 1) * 0.999999)
      var constants = PenaltySearch(x, first: firstConstant)
      for number in 0..<searches {
        var met = incumbent.none
        var w = place
        var adam = Moments(like: x)
        for t in 0..<iterations {
          try problem.tile.checkCancellation()
          let tanh = w.tanh()
          let perturbed = problem.masked((tanh + 1) / 2)
          let (f, gradient) = try seconds(&timing.criterion) {
            try problem.criterion.valuesAndGradient(perturbed)
          }
          let delta = perturbed - x
          met = met
            .| incumbent.consider(
              perturbed, f: f, similarity: delta.scaledSampleNorms(), iteration: number * iterations + t)
          incumbent.note(gradientNorms: gradient.scaledSampleNorms())
          let active = constants.constant * (f .> 0).to(.float32)
          let total = delta * 2 + gradient * active.perSample(like: gradient)
          let next = w - adam.step(total * (1 - tanh.square()) / 2) * alpha
          w = `where`(incumbent.finite.perSample(like: next), next, w)
        }
        constants.narrow(met)
      }
      incumbent.multiplier = constants.constant
    }
  }

  private func atanh(_ y: Tensor) -> Tensor { (y.log1p() - (-y).log1p()) / 2 }

  /// Adam's two moments, of each value by itself.
  private struct Moments {
    private var first: Tensor
    private var second: Tensor
    private var count = 0

    init(like x: Tensor) {
      first = Tensor.zeros(x.shape, dtype: x.dtype, device: x.device)
      second = first
    }

    /// The step that a learning rate of 1 makes.
    mutating func step(_ gradient: Tensor) -> Tensor {
      count += 1
      first = first * 0.9 + gradient * 0.1
      second = second * 0.999 + gradient.square() * 0.001
      let (a, b) = (1 - power(0.9, count), 1 - power(0.999, count))
      return (first / a) / ((second / b).sqrt() + 1e-8)
    }

    private func power(_ base: Double, _ exponent: Int) -> Double {
      var result = 1.0
      for _ in 0..<exponent { result *= base }
      return result
    }
  }
}

extension RegisteredSolver {
  static let carliniWagner = RegisteredSolver(
    "cw", "the nearest success in the Euclidean norm (Carlini and Wagner 2017)", takesStart: false,
    settings: [
      .alpha(0.01), .integer("iterations", 1000, in: 1...100_000, "T, the number of steps"),
      .integer("searches", 9, in: 1...100, "how many weights of the criterion are tried"),
      .real("firstConstant", 1e-3, in: .positive, "c, the weight of the criterion in the first search"),
    ]
  ) { choice, _ in
    CarliniWagner(
      alpha: choice.real("alpha"), iterations: choice.integer("iterations"),
      searches: choice.integer("searches"), firstConstant: choice.real("firstConstant"))
  }
}
