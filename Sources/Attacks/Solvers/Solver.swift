import Torch

/// Finds, for each sample of a tile, the perturbed sample with the least similarity that satisfies the criterion.
public protocol Solver: Sendable {
  /// - Throws: what criterion and similarity throw; `CancellationError`, asked in every iteration.
  func solve(_ problem: Problem) throws -> TileSolution
}

/// What a solver works on: the samples of a tile, when they succeed, and how alike they are.
public struct Problem {
  /// The samples to attack.
  public let tile: Tile
  /// What is to be at most 0, for the tile's samples.
  public let criterion: any BoundCriterion
  private let similarity: any Similarity
  /// The values that results can hold, where they are of an integer type.
  let grid: IntegerGrid?

  /// The problem of a tile.
  /// - Throws: what the criterion or the similarity says where it cannot be asked about these samples.
  public init(
    _ tile: Tile, criterion: any Criterion, similarity: any Similarity, grid: IntegerGrid? = nil
  ) throws {
    self.tile = tile
    self.grid = grid
    self.criterion = try criterion.bind(tile)
    self.similarity = similarity
  }

  /// x′ within [0, 1] and within ε of x in every value (lines 5 and 6 of Algorithm 1), and x where nothing may change.
  func projected(_ perturbed: Tensor, epsilon: Double) -> Tensor {
    let x = tile.originals
    var result = perturbed.clamped(0...1)
    if epsilon < 1 { result = result.maximum(x - epsilon).minimum(x + epsilon) }
    return masked(result)
  }

  /// x′ where a value may change, x where it may not.
  func masked(_ perturbed: Tensor) -> Tensor {
    tile.mask.map { `where`($0 .> 0, perturbed, tile.originals) } ?? perturbed
  }

  /// Runs a search that orders its iterates by something else than the similarity, and scores what it returns.
  ///
  /// - Parameter search: gets the originals, keeps what it finds in the incumbent, whose similarity is what the search makes
  ///   small.
  func solving(
    _ search: (Tensor, inout Incumbent, inout TileSolution.Timing) throws -> Void
  ) throws -> TileSolution {
    var timing = TileSolution.Timing()
    var incumbent = Incumbent(self)
    var similarity = try makeSimilarity()
    var scores: [Float] = []
    var total = 0.0
    try seconds(&total) {
      try withoutGrad {
        try search(tile.originals, &incumbent, &timing)
        scores = try seconds(&timing.similarity) {
          try similarity.evaluate(incumbent.best, iteration: 0).values.floats
        }
      }
    }
    timing.total = total
    var solution = incumbent.solution(
      multiplier: incumbent.multiplier?.floats ?? [Float](repeating: 0, count: tile.size), timing: timing,
      trace: nil)
    for row in scores.indices where solution.status[row] == .succeeded {
      solution.similarity[row] = scores[row]
    }
    return solution
  }

  /// The similarity before its first step; each call gives one that starts anew.
  public func makeSimilarity() throws -> any BoundSimilarity { try similarity.bind(tile) }
}

/// The outcome for the rows of a tile.
public struct TileSolution: Sendable {
  /// x′ `[size, …]`: where the attack failed the original.
  public var perturbed: Tensor
  /// How each row ended.
  public var status: [SampleStatus]
  /// I(x, x′) of the returned iterate; NaN where none was found.
  public var similarity: [Float]
  /// f(x′) of the returned iterate; where none was found the smallest f seen.
  public var criterion: [Float]
  /// The iteration (from 1; 0 is the start) at which the returned iterate was found; -1 where none was.
  public var bestIteration: [Int]
  /// At how many iterates the gradient was exactly zero.
  public var zeroGradients: [Int]
  /// c at the end, for solvers that have a multiplier.
  public var multiplier: [Float]
  /// Where the time went.
  public var timing: Timing
  /// What happened on the way, where that was asked for.
  public var trace: Trace?

  /// The rows that are not attacked stand as they are.
  func skipping(_ rows: [Bool]?, originals: Tensor) -> TileSolution {
    guard let rows, rows.contains(true) else { return self }
    var solution = self
    solution.perturbed = perturbed.replacingFailures(rows.map { !$0 }, by: originals)
    for row in rows.indices where rows[row] {
      solution.status[row] = .skipped
      solution.similarity[row] = .nan
      solution.bestIteration[row] = -1
    }
    return solution
  }

  /// Seconds of one thread spent on the model (criterion) and on the similarity.
  public struct Timing: Sendable {
    /// Seconds in the model.
    public var criterion = 0.0
    /// Seconds in the similarity.
    public var similarity = 0.0
    /// Seconds of everything.
    public var total = 0.0
  }

  /// Each iteration's values, `[iterations][rows]`.
  public struct Trace: Sendable {
    /// The similarity.
    public var similarity: [[Float]] = []
    /// The criterion.
    public var criterion: [[Float]] = []
    /// The multiplier.
    public var multiplier: [[Float]] = []
    /// ‖L(δ, c)‖² of the paper's Theorem 1: how far the iterate is from a stationary point.
    public var stationarity: [[Float]] = []

    /// The same of some of the rows.
    func of(_ rows: Range<Int>) -> Trace {
      func cut(_ values: [[Float]]) -> [[Float]] { values.map { Array($0[rows]) } }
      return Trace(
        similarity: cut(similarity), criterion: cut(criterion), multiplier: cut(multiplier),
        stationarity: cut(stationarity))
    }
  }
}

/// What a solver asks gradients for.
public enum GradientUse: Sendable {
  /// Without them it finds nothing.
  case always
  /// Without them part of it still searches.
  case partly
  /// It asks for none.
  case never
}

/// A solver that can be chosen by name.
public struct RegisteredSolver: RegistryEntry {
  /// What `--solver` calls it.
  public let name: String
  public let summary: String
  /// What it can be told.
  public let settings: [Setting]
  /// Whether it begins where the recipe's start says; others begin at the original.
  public let takesStart: Bool
  /// The only criterion that it goes with; nil where any will do.
  public let onlyCriterion: String?
  /// Whether it can do without gradients.
  public let gradientUse: GradientUse
  private let gradients: @Sendable (Choice) -> Double
  let make: @Sendable (Choice, any Start) throws -> any Solver

  init(
    _ name: String, _ summary: String, takesStart: Bool = true, onlyCriterion: String? = nil,
    gradientUse: GradientUse = .always, settings: [Setting],
    gradients: @escaping @Sendable (Choice) -> Double = RegisteredSolver.usualGradients,
    make: @escaping @Sendable (Choice, any Start) throws -> any Solver
  ) {
    self.name = name
    self.summary = summary
    self.takesStart = takesStart
    self.onlyCriterion = onlyCriterion
    self.gradientUse = gradientUse
    self.settings = settings
    self.gradients = gradients
    self.make = make
  }

  /// Whether the similarity is what it makes small; those that begin at the original bound a norm of δ or make it small, and
  /// the similarity only scores what they return.
  public var minimisesSimilarity: Bool { takesStart }

  /// About how often f and ∇f of a sample are computed, at most: a forward pass alone counts as a third of both.
  public func evaluations(_ choice: Choice) -> Double {
    gradients((try? Solvers.registry.complete(choice)) ?? choice)
  }

  /// Every step of every run from every start, for every class.
  static let usualGradients: @Sendable (Choice) -> Double = { choice in
    let runs = ["searches", "restarts", "targets"].map { max(1, choice.integer($0)) }
    return Double(runs.reduce(max(1, choice.integer("iterations")) + 1, *))
  }

  static let queriesAlone: @Sendable (Choice) -> Double = { Double($0.integer("queries")) / 3 }
}

/// All solvers; a new one is a file with an entry, and a line here.
public enum Solvers {
  /// Every solver there is.
  public static let registry = Registry<RegisteredSolver>(
    "solver",
    [
      .switching, .minmax, .penalty, .fgsm, .pgd, .momentum, .carliniWagner, .apgd, .targetedAPGD, .fab,
      .square,
      .autoAttack,
    ])

  /// The solver that a choice describes.
  /// - Throws: ``RecipeError``.
  public static func make(_ choice: Choice, start: any Start) throws -> any Solver {
    try registry.named(choice.name).make(registry.complete(choice), start)
  }
}

extension Setting {
  static func alpha(_ usual: Double) -> Setting {
    .real("alpha", usual, in: .positive, "α, the (first) step")
  }
  static let iterations = Setting.integer("iterations", 40, in: 1...100_000, "T, the number of steps")
  static func epsilon(_ usual: Double) -> Setting {
    .real("epsilon", usual, in: 0...1, "ε, the largest change of a value; 1 is no bound")
  }
}

/// Adds the seconds that the body takes to the counter.
func seconds<Result>(_ counter: inout Double, _ body: () throws -> Result) rethrows -> Result {
  let clock = ContinuousClock()
  let start = clock.now
  defer {
    let (whole, attoseconds) = (clock.now - start).components
    counter += Double(whole) + Double(attoseconds) * 1e-18
  }
  return try body()
}
