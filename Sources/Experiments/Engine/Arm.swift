import Attacks

/// What a model is trained on beside the original data: a way of augmenting, or a control.
public struct Arm: Codable, Hashable, Sendable {
  /// What is added to the data.
  public enum Source: String, Codable, CaseIterable, Sendable {
    /// The data alone, without a second half: the model that examples are made against.
    case original
    /// More originals: the repeated-data control.
    case none
    /// x + σ N(0, I) + λ (x_j − x_k), drawn anew for every batch.
    case noise
    /// Images moved by a few pixels, drawn anew for every batch.
    case shift
    /// w x + (1 − w) z with w uniform: drawn anew for every batch, or once where data and examples are mixed.
    case mixup
    /// The attack's starts without its steps, made once.
    case starts
    /// Adversarial examples of the trained model, made once.
    case attack
    /// The same of a model that was never trained.
    case untrained
    /// Adversarial examples made anew against the model as it trains.
    case online
  }

  /// What the plan calls it, where it has names.
  public var name: String?
  /// What is added to the data.
  public var source: Source
  /// How the examples are made, where an attack or its start makes them.
  public var recipe: Examples?
  /// σ of the Gaussian noise that is drawn for every batch.
  public var sigma: Double?
  /// λ of the difference of two other samples that is drawn for every batch.
  public var lambda: Double?
  /// The most pixels that images are moved by.
  public var pixels: Int?
  /// Whether a model that rebuilds its input learns the original from what was made of it ("denoising").
  public var clean: Bool?
  /// The share of the updates after which examples are added; before it the model sees originals alone.
  public var after: Double?
  /// What stands for a sample whose attack failed.
  public var failures: Recipe.Failures?
  /// Gaussian noise with the norm of each example's own perturbation in the example's place.
  public var matched: Bool?
  /// Passes over the originals between two makings of online examples.
  public var every: Int?
  /// Times as many updates as the schedule has: for arms that are given the time that others take to make examples.
  public var effort: Double?

  /// The part of a recipe that decides the examples.
  public struct Examples: Codable, Hashable, Sendable {
    /// The criterion; nil for the recipe's.
    public var criterion: Choice?
    /// The similarity; nil for the recipe's.
    public var similarity: Choice?
    /// The start; nil for the recipe's.
    public var start: Choice?
    /// The solver; nil for the recipe's.
    public var solver: Choice?
    /// Examples a sample; nil for the recipe's.
    public var copies: Int?
    /// How many samples examples are made of, drawn anew for each making; nil for all.
    public var originals: Int?

    /// What differs from the recipe.
    public init(
      criterion: Choice? = nil, similarity: Choice? = nil, start: Choice? = nil, solver: Choice? = nil,
      copies: Int? = nil, originals: Int? = nil
    ) {
      self.criterion = criterion
      self.similarity = similarity
      self.start = start
      self.solver = solver
      self.copies = copies
      self.originals = originals
    }

    init(_ recipe: Recipe) {
      self.init(
        criterion: recipe.criterion, similarity: recipe.similarity, start: recipe.start,
        solver: recipe.solver,
        copies: recipe.copies)
    }
  }

  /// An arm; of what it does not take, nothing is given.
  public init(
    _ source: Source, recipe: Examples? = nil, sigma: Double? = nil, lambda: Double? = nil,
    pixels: Int? = nil,
    failures: Recipe.Failures? = nil, every: Int? = nil
  ) {
    self.source = source
    self.recipe = recipe
    self.sigma = sigma
    self.lambda = lambda
    self.pixels = pixels
    self.failures = failures
    self.every = every
  }

  /// The search for the examples.
  var attack: Recipe {
    let given = recipe ?? Examples(), usual = Recipe.usual
    return Recipe(
      "arm", criterion: given.criterion ?? usual.criterion, similarity: given.similarity ?? usual.similarity,
      start: given.start ?? usual.start, solver: given.solver ?? usual.solver, copies: given.copies ?? 1,
      retraining: .init(failures: failures ?? .replace))
  }

  /// Whether examples are made against a model that has to be trained before.
  var needsOriginal: Bool { source == .attack }

  /// What is drawn for every batch, where something is.
  var augmentation: BatchAugmentation? {
    switch source {
    case .noise: .noise(sigma: sigma ?? 0, lambda: lambda ?? 0)
    case .shift: .shift(pixels: pixels ?? 1)
    case .mixup: .mixup
    default: nil
    }
  }

  /// Whether something besides originals is learned from.
  var addsExamples: Bool { source != .original && source != .none }

  /// The arm as a few words, such as `online start: noise sigma=0.4, every 5`.
  public var description: String {
    func part(_ name: String, _ value: (some CustomStringConvertible)?) -> String? {
      value.map { "\(name) \($0)" }
    }
    let parts = [
      matched == true ? "noise of equal norm" : nil, part("sigma", sigma), part("lambda", lambda),
      part("pixels", pixels), clean == true ? "clean targets" : nil, part("after", after),
      recipe?.criterion?.description,
      recipe?.similarity?.description, part("from", recipe?.start), recipe?.solver?.description,
      part("copies", recipe?.copies), part("originals", recipe?.originals),
      part("failures", failures?.rawValue), part("every", every),
      part("updates x", effort.map { Int(exactly: $0).map(String.init) ?? "\($0)" }),
    ].compactMap { $0 }
    return ([source.rawValue] + parts).joined(separator: ", ")
  }

  /// - Throws: ``StudyError/settings(_:)`` with the first setting that makes no sense.
  func validate() throws {
    func require(_ holds: Bool, _ problem: String) throws {
      if !holds { throw StudyError.settings("\(description): \(problem)") }
    }
    try require(
      (source == .noise) == (sigma != nil || lambda != nil),
      "sigma and lambda belong to noise, which needs one of them")
    try require((source == .shift) == (pixels != nil), "pixels belong to shift, which needs them")
    try require(1...64 ~= pixels ?? 1, "pixels must be from 1 to 64")
    try require(0...10 ~= lambda ?? 0, "lambda must be from 0 to 10")
    try require(0..<1 ~= after ?? 0, "after must be from 0 to below 1")
    try require(clean != true || addsExamples, "there is nothing that clean targets could be targets of")
    if let originals = recipe?.originals {
      try require(originals >= 3, "originals is \(originals); it must be at least 3")
    }
    if let sigma { try require(0...10 ~= sigma, "sigma is \(sigma); it must be from 0 to 10") }
    try require(1...1000 ~= every ?? 1, "every must be from 1 to 1000")
    try require(0.01...100 ~= effort ?? 1, "effort must be from 0.01 to 100")
    do { _ = try attack.completed() } catch let error as RecipeError {
      throw StudyError.settings("\(description): \(error)")
    }
  }
}
