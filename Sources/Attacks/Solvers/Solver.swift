import Torch

/// Finds, for each sample of a tile, the perturbed sample with the least similarity that satisfies the criterion.
public protocol Solver: Sendable {
  /// - Throws: what criterion and similarity throw; `CancellationError`, asked in every iteration.
  func solve(_ problem: Problem) throws -> TileSolution
}

/// What a solver works on: the samples of a tile, when they succeed, and how alike they are.
public struct Problem {
  public let tile: Tile
  public let criterion: any BoundCriterion
  private let similarity: any Similarity

  public init(_ tile: Tile, criterion: any Criterion, similarity: any Similarity) throws {
    self.tile = tile
    self.criterion = try criterion.bind(tile.originals)
    self.similarity = similarity
  }

  /// The similarity before its first step; each call gives one that starts anew.
  public func makeSimilarity() throws -> any BoundSimilarity { try similarity.bind(tile) }
}

/// The outcome for the rows of a tile.
public struct TileSolution: Sendable {
  /// x′ `[size, …]`: where the attack failed the original.
  public var perturbed: Tensor
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
  public var timing: Timing
  public var trace: Trace?

  /// Seconds of one thread spent on the model (criterion) and on the similarity.
  public struct Timing: Sendable {
    public var criterion = 0.0
    public var similarity = 0.0
    public var total = 0.0
  }

  /// Each iteration's values, `[iterations][rows]`.
  public struct Trace: Sendable {
    public var similarity: [[Float]] = []
    public var criterion: [[Float]] = []
    public var multiplier: [[Float]] = []
    /// ‖L(δ, c)‖² of the paper's Theorem 1: how far the iterate is from a stationary point.
    public var stationarity: [[Float]] = []
  }
}

/// A solver that can be chosen by name.
public struct RegisteredSolver: RegistryEntry {
  public let name: String
  public let summary: String
  public let settings: [Setting]
  /// Whether it begins where the recipe's start says; others begin at the original.
  public let takesStart: Bool
  let make: @Sendable (Choice, any Start) -> any Solver

  init(
    _ name: String, _ summary: String, takesStart: Bool = true, settings: [Setting],
    make: @escaping @Sendable (Choice, any Start) -> any Solver
  ) {
    self.name = name
    self.summary = summary
    self.takesStart = takesStart
    self.settings = settings
    self.make = make
  }
}

/// All solvers; a new one is a file with an entry, and a line here.
public enum Solvers {
  public static let registry = Registry<RegisteredSolver>("solver", [.switching, .minmax, .penalty, .pgd])

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
