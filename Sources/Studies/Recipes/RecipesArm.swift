import Augmentation

/// What the second half of each batch is: one way of augmenting, with all its settings.
public struct RecipesArm: Codable, Hashable, Sendable {
  public enum Source: String, Codable, CaseIterable, Sendable {
    /// More originals: the repeated-data control.
    case none
    /// x + σ N(0, I), drawn anew for every batch.
    case noise
    /// w x + (1 − w) z with w uniform, drawn anew for every batch.
    case mixup
    /// The attack's starts without its steps, made once.
    case starts
    /// UAEs of the trained model, made once.
    case uae
    /// UAEs made anew against the model as it trains.
    case online
    /// UAEs of a model that was never trained.
    case untrained
    /// The paper's L2-UAE: Algorithm 1 with the distance of the reconstruction in the information's place.
    case l2UAE = "l2-uae"
    /// Gaussian noise with the norm of each UAE's own perturbation, made once.
    case matched
    /// The same for the UAEs that are made anew as the model trains.
    case onlineMatched = "online-matched"
  }

  /// What stands for a sample whose attack failed.
  public enum Failures: String, Codable, Sendable {
    /// Nothing: only UAEs are learned from.
    case drop
    /// Its original, as in the paper.
    case replace
    /// The start, though it fails the criterion.
    case start
  }

  public var source: Source
  /// σ of the starts or of the noise.
  public var sigma: Double?
  /// λ of starts that mix.
  public var lambda: Double?
  public var method: AttackSettings.Method?
  public var similarity: AttackSettings.SimilarityKind?
  public var alpha: Double?
  public var iterations: Int?
  public var copies: Int?
  public var kappa: Double?
  public var failures: Failures?
  /// Passes over the originals between two makings of online examples.
  public var every: Int?
  /// Times as many updates as the plan has: for arms that are given the time that others take to make examples.
  public var effort: Int?

  public init(_ source: Source) { self.source = source }

  /// The search for the examples.
  var attack: AttackSettings {
    var settings = AttackSettings()
    settings.method = method ?? .switching
    settings.similarity = similarity ?? (settings.method == .minmax ? .mine : .exact)
    settings.start = lambda == nil ? .noise : .mix
    settings.sigma = sigma ?? 0.4
    settings.lambda = lambda ?? 0.5
    settings.alpha = alpha ?? (settings.method == .minmax ? 0.01 : 1)
    settings.iterations = iterations ?? 40
    settings.copies = copies ?? 1
    settings.kappa = kappa ?? 0
    return settings
  }

  /// The arm as a few words, such as `uae sigma=0.4 copies=10`.
  public var description: String {
    func part(_ name: String, _ value: (some CustomStringConvertible)?) -> String? {
      value.map { "\(name)=\($0)" }
    }
    let parts = [
      part("sigma", sigma), part("lambda", lambda), method?.rawValue, similarity?.rawValue,
      part("alpha", alpha), part("T", iterations), part("copies", copies), part("kappa", kappa),
      part("failures", failures?.rawValue), part("every", every), part("updates x", effort),
    ].compactMap { $0 }
    return ([source.rawValue] + parts).joined(separator: " ")
  }

  func validate() throws {
    func require(_ holds: Bool, _ problem: String) throws {
      if !holds { throw StudyError.settings("\(description): \(problem)") }
    }
    if source == .noise { try require(sigma != nil, "noise needs a sigma") }
    try require(1...1000 ~= every ?? 1, "every must be from 1 to 1000")
    try require(1...100 ~= effort ?? 1, "effort must be from 1 to 100")
    do {
      try Recipe(name: "arm", attack: attack).validate()
    } catch let error as RecipeError {
      throw StudyError.settings("\(description): \(error)")
    }
  }
}
