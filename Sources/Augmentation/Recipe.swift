import Attacks
import Models

/// Everything that decides what the adversarial examples of a run are and how the model is retrained on them: what
/// `recipe.yaml` holds, complete with defaults and re-runnable as it is.
public struct Recipe: Codable, Equatable, Sendable {
  public var name: String
  public var attack: AttackSettings
  public var retraining: RetrainingSettings

  public init(name: String, attack: AttackSettings = .init(), retraining: RetrainingSettings = .init()) {
    self.name = name
    self.attack = attack
    self.retraining = retraining
  }
}

/// The search for a UAE, flat so that a file reads well; settings that a method does not use are ignored by it.
public struct AttackSettings: Codable, Equatable, Sendable {
  public enum Method: String, Codable, CaseIterable, Sendable {
    /// Algorithm 1 of the paper.
    case minmax
    /// Normalised steps from a far start, on the criterion while it is broken and on the similarity while it holds.
    case switching
  }

  public enum SimilarityKind: String, Codable, CaseIterable, Sendable {
    /// Per-sample MINE (the paper's).
    case mine
    /// The closed form of the information under Gaussian projections.
    case exact
    /// The negative Euclidean distance.
    case l2
  }

  public enum StartKind: String, Codable, CaseIterable, Sendable { case zero, noise, mix, glorot }

  public var method = Method.switching
  public var similarity = SimilarityKind.exact
  /// α: the step on δ (minmax), or the length of the first step (switching).
  public var alpha = 1.0
  /// β: the step on the multiplier (minmax).
  public var beta = 0.1
  /// T.
  public var iterations = 40
  /// ε: the largest change of a value; 1 is no bound besides the range.
  public var epsilon = 1.0
  /// κ: the margin by which the loss must fall.
  public var kappa = 0.0
  /// How the criterion measures a reconstruction's error.
  public var criterionNorm = Reconstruction.Norm.l2
  /// Where the search begins.
  public var start = StartKind.noise
  /// σ of a start with noise.
  public var sigma = 0.4
  /// λ of a start that mixes.
  public var lambda = 0.5
  /// UAEs a sample.
  public var copies = 1
  public var mine = MINESettings()

  public init() {}
}

/// Per-sample MINE.
public struct MINESettings: Codable, Equatable, Sendable {
  public enum Views: String, Codable, CaseIterable, Sendable {
    /// By the model's first convolution where it has one, else by random projection.
    case automatic
    case convolution
    case projection
  }

  public var views = Views.automatic
  /// MINE's optimizer steps in each iteration of the solver.
  public var steps = 20
  public var learningRate = 1e-3
  /// H.
  public var hidden = 16
  /// K of the random projection.
  public var projections = 96
  /// D of the random projection.
  public var projectedSize = 128

  public init() {}
}

/// How the model is retrained on its adversarial examples.
public struct RetrainingSettings: Codable, Equatable, Sendable {
  public enum Failures: String, Codable, CaseIterable, Sendable {
    /// A sample whose attack failed stands twice in the augmented set (the paper's rule).
    case replace
    /// It stands once.
    case drop
    /// Where its attack began takes the example's place: with a noisy start, noise where there is no example.
    case start
  }

  public var failures = Failures.replace
  /// Make the UAEs anew against the model in training every so many epochs; 0 makes them once, against the trained model.
  public var onlineEvery = 0
  /// T of those that are made anew.
  public var onlineIterations = 5

  public init() {}
}

/// A setting that makes no sense.
public struct RecipeError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension Recipe {
  /// - Throws: ``RecipeError`` that names the first setting out of range.
  public func validate() throws {
    let a = attack
    func require(_ holds: Bool, _ name: String, _ value: some CustomStringConvertible, _ rule: String) throws
    {
      if !holds { throw RecipeError("\(name) is \(value); it must be \(rule)") }
    }
    try require(a.alpha > 0 && a.alpha.isFinite, "alpha", a.alpha, "positive")
    try require(a.beta >= 0 && a.beta <= 1, "beta", a.beta, "from 0 to 1")
    try require(
      1...100_000 ~= a.iterations || (a.method == .switching && a.iterations == 0), "iterations",
      a.iterations, "from 1 to 100000")
    try require(a.epsilon >= 0 && a.epsilon <= 1, "epsilon", a.epsilon, "from 0 to 1")
    try require(a.kappa >= 0 && a.kappa.isFinite, "kappa", a.kappa, "0 or more")
    try require(a.sigma > 0 && a.sigma <= 10, "sigma", a.sigma, "above 0 and at most 10")
    try require(a.lambda > 0 && a.lambda <= 1, "lambda", a.lambda, "above 0 and at most 1")
    try require(1...1000 ~= a.copies, "copies", a.copies, "from 1 to 1000")
    try require(0...10_000 ~= a.mine.steps, "mine.steps", a.mine.steps, "from 0 to 10000")
    try require(
      a.mine.learningRate > 0 && a.mine.learningRate <= 1, "mine.learningRate", a.mine.learningRate,
      "above 0 and at most 1")
    try require(1...4096 ~= a.mine.hidden, "mine.hidden", a.mine.hidden, "from 1 to 4096")
    try require(2...100_000 ~= a.mine.projections, "mine.projections", a.mine.projections, "from 2 to 100000")
    try require(
      1...100_000 ~= a.mine.projectedSize, "mine.projectedSize", a.mine.projectedSize, "from 1 to 100000")
    try require(
      1...100_000 ~= retraining.onlineIterations, "onlineIterations", retraining.onlineIterations,
      "from 1 to 100000")
    try require(retraining.onlineEvery >= 0, "onlineEvery", retraining.onlineEvery, "0 or more")
  }
}

extension AttackSettings {
  /// The solver that the settings describe.
  public var solver: any Solver {
    let start: Start =
      switch self.start {
      case .zero: .zero
      case .noise: .noise(sigma: sigma)
      case .mix: .mix(lambda: lambda)
      case .glorot: .glorot
      }
    switch method {
    case .minmax:
      return MinMax(start: start, alpha: alpha, beta: beta, iterations: iterations, epsilon: epsilon)
    case .switching:
      return Switching(start: start, alpha: alpha, iterations: iterations, epsilon: epsilon)
    }
  }
}
