import Models
import Torch

/// Everything that decides what the adversarial examples of a run are and how a model is retrained on them.
public struct Recipe: Codable, Equatable, Sendable {
  /// What `--recipe` calls it, and the run's files.
  public var name: String
  /// When an example succeeds.
  public var criterion: Choice
  /// How alike it is to its original.
  public var similarity: Choice
  /// Where the search begins.
  public var start: Choice
  /// How it goes on.
  public var solver: Choice
  /// What an example has to keep besides: the largest distance, or the least likeness, by the similarity's name; nil for nothing.
  public var within: [String: Double]?
  /// Examples per sample.
  public var copies: Int
  /// How a model is retrained on the examples.
  public var retraining: Retraining

  /// A recipe of its parts; those that are left out are `far-noise`'s.
  public init(
    _ name: String, criterion: Choice = Choice("reconstruction"), similarity: Choice = Choice("exact"),
    start: Choice = Choice("noise"), solver: Choice = Choice("switching"), copies: Int = 1,
    retraining: Retraining = Retraining()
  ) {
    self.name = name
    self.criterion = criterion
    self.similarity = similarity
    self.start = start
    self.solver = solver
    self.copies = copies
    self.retraining = retraining
  }

  /// How a model is retrained on its adversarial examples.
  public struct Retraining: Codable, Hashable, Sendable {
    /// What stands for an example that was not found.
    public var failures = Failures.replace
    /// Make the examples anew against the model in training every so many epochs; 0 makes them once, against the trained
    /// model.
    public var onlineEvery = 0
    /// The solver's iterations for those that are made anew.
    public var onlineIterations = 5

    /// Retraining on examples that are made once, unless more is said.
    public init(failures: Failures = .replace, onlineEvery: Int = 0, onlineIterations: Int = 5) {
      self.failures = failures
      self.onlineEvery = onlineEvery
      self.onlineIterations = onlineIterations
    }
  }

  /// What stands for a sample whose attack failed.
  public enum Failures: String, Codable, CaseIterable, Sendable {
    /// Its original (the paper's rule).
    case replace
    /// Nothing.
    case drop
    /// Where its attack began: with a noisy start, noise where there is no example.
    case start
  }

  /// The recipe with every setting that it leaves out.
  ///
  /// - Throws: ``RecipeError`` that names the first unknown name, ignored setting or value out of range.
  public func completed() throws -> Recipe {
    var recipe = self
    recipe.criterion = try Criteria.registry.complete(criterion)
    recipe.similarity = try Similarities.registry.complete(similarity)
    recipe.solver = try Solvers.registry.complete(solver)
    recipe.start = try Starts.registry.complete(start)
    _ = try Solvers.make(recipe.solver, start: Starts.make(recipe.start))
    let entry = try Solvers.registry.named(solver.name)
    if let only = entry.onlyCriterion, criterion.name != only {
      throw RecipeError(
        "the solver '\(solver.name)' tries one other class after the other: it goes with --criterion \(only), not "
          + "\(criterion.name)")
    }
    if !entry.takesStart, start.name != "zero" {
      throw RecipeError(
        "the solver '\(solver.name)' begins at the original; the start '\(start.name)' would be ignored")
    }
    for (name, value) in (within ?? [:]).sorted(by: { $0.key < $1.key }) {
      _ = try Similarities.least(name, value)
      if entry.onlyCriterion != nil {
        throw RecipeError("the solver '\(solver.name)' looks at classes alone; it does not go with --within")
      }
    }
    if !(1...1000 ~= copies) { throw RecipeError("copies is \(copies); it must be from 1 to 1000") }
    if !(1...100_000 ~= retraining.onlineIterations) {
      throw RecipeError("onlineIterations is \(retraining.onlineIterations); it must be from 1 to 100000")
    }
    if retraining.onlineEvery < 0 {
      throw RecipeError("onlineEvery is \(retraining.onlineEvery); it must be 0 or more")
    }
    return recipe
  }
}

extension Recipe {
  /// The start that the recipe describes.
  /// - Throws: ``RecipeError``.
  public func makeStart() throws -> any Start { try Starts.make(start) }

  /// Whether x′ shall be as alike as it can.
  /// - Throws: ``RecipeError`` for an unknown criterion.
  public var seeksLikeness: Bool {
    get throws { try Criteria.registry.named(criterion.name).seeksLikeness }
  }

  /// The attack on a model.
  ///
  /// - Parameters:
  ///   - samples: `[count] + sampleShape`, on the model's device; learned similarities may try a few of them.
  ///   - labels: the class of each of the samples, from 0, where the data have labels.
  ///   - targets: the class that each sample's example shall have, where such are given.
  ///   - seed: the run's.
  ///   - grid: the values that the results' type can hold, where it is an integer type.
  /// - Throws: ``RecipeError``; what the model throws where it lacks something.
  public func makeAttack(
    on model: any Model, samples: Tensor, labels: [Int]? = nil, targets: [Int]? = nil, seed: UInt64,
    grid: IntegerGrid? = nil
  ) throws -> Attack {
    let recipe = try completed()
    let alike = try Similarities.make(recipe.similarity, on: model, samples: samples, seed: seed)
    let criterion = try Criteria.make(recipe.criterion, on: model, labels: labels, targets: targets)
    let bounds = try (within ?? [:]).sorted { $0.key < $1.key }.map { name, value in
      (
        similarity: try Similarities.make(Choice(name), on: model, samples: samples, seed: seed),
        least: try Similarities.least(name, value)
      )
    }
    let attack = Attack(
      criterion: bounds.isEmpty ? criterion : Within(criterion: criterion, bounds: bounds),
      similarity: try seeksLikeness ? Opposite(alike) : alike,
      solver: try Solvers.make(recipe.solver, start: makeStart()), seed: seed, device: model.device)
    guard var grid else { return attack }
    // Within a ball the file's values must lie, too.
    grid.isInward = recipe.solver.real("epsilon") < 1 || recipe.solver.text("norm") == "l2"
    return attack.on(grid)
  }

  /// Where the search begins for every sample, whether that meets the criterion or not: what an attack with the same seed
  /// and copy draws.
  ///
  /// - Parameter set: all samples `[count, …]`.
  /// - Returns: `[count, …]`.
  /// - Throws: ``RecipeError``; `CancellationError`.
  public func starts(
    of set: Tensor, seed: UInt64, copy: Int = 0, threads: Int = 1,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Tensor {
    let recipe = try completed()
    var solver = Choice("switching", ["iterations": .integer(0)])
    solver["epsilon"] = recipe.solver["epsilon"]
    return try Attack(
      criterion: NoCriterion(), similarity: Distance(),
      solver: Solvers.make(solver, start: recipe.makeStart()), seed: seed
    ).run(set, range: 0..<set.shape[0], copy: copy, threads: threads, isCancelled: isCancelled).perturbed
  }
}

/// Holds everywhere.
private struct NoCriterion: Criterion {
  func bind(_ tile: Tile) -> any BoundCriterion { Bound() }

  private struct Bound: BoundCriterion {
    func values(_ perturbed: Tensor) -> Tensor {
      Tensor.full([perturbed.shape[0]], -1, device: perturbed.device)
    }
  }
}

extension Tensor {
  /// The examples, with another sample where the attack failed.
  ///
  /// - Parameters:
  ///   - succeeded: one per sample.
  ///   - other: as many samples `[count, …]`.
  public func replacingFailures(_ succeeded: [Bool], by other: Tensor) -> Tensor {
    withoutGrad {
      let won = Tensor(succeeded.map { $0 ? Float(1) : 0 }, [succeeded.count]).to(device) .> 0
      return `where`(won.perSample(like: self), self, other)
    }
  }
}
