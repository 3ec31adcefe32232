import Models

/// A criterion that can be chosen by name.
public struct RegisteredCriterion: RegistryEntry {
  /// What `--criterion` calls it.
  public let name: String
  public let summary: String
  /// What it can be told.
  public let settings: [Setting]
  /// What it takes from the model.
  public let needs: Output
  /// Whether x′ shall be as alike as it can (the paper's supervised direction) instead of as unlike.
  public let seeksLikeness: Bool
  let make: @Sendable (Context, Choice) throws -> any Criterion

  /// What a criterion may be made from.
  public struct Context: Sendable {
    /// The model that is attacked.
    public var model: any Model
    /// The class of each sample of the set, from 0, where the data have labels.
    public var labels: [Int]?
    /// The class that each sample's example shall have, where such are given.
    public var targets: [Int]?

    /// A model, and of its data the labels and the targets where there are any; one of either a sample.
    public init(_ model: any Model, labels: [Int]? = nil, targets: [Int]? = nil) {
      self.model = model
      self.labels = labels
      self.targets = targets
    }
  }

  init(
    _ name: String, _ summary: String, needs: Output, seeksLikeness: Bool = false, settings: [Setting],
    make: @escaping @Sendable (Context, Choice) throws -> any Criterion
  ) {
    self.name = name
    self.summary = summary
    self.needs = needs
    self.seeksLikeness = seeksLikeness
    self.settings = settings
    self.make = make
  }
}

/// All criteria; a new one is a file with an entry, and a line here.
public enum Criteria {
  /// Every criterion there is.
  public static let registry = Registry<RegisteredCriterion>(
    "criterion",
    [
      .reconstruction, .brokenReconstruction, .embedding, .contrastive, .sameClass, .misclassification,
      .targeted,
      .loss,
    ])

  /// The criterion that a choice describes, on a model.
  ///
  /// - Parameters:
  ///   - labels: the class of each sample of the set, from 0, where the data have labels.
  ///   - targets: the class that each sample's example shall have, where such are given.
  /// - Throws: ``RecipeError``; what the model throws where it lacks the output that the criterion needs.
  public static func make(
    _ choice: Choice, on model: any Model, labels: [Int]? = nil, targets: [Int]? = nil
  ) throws -> any Criterion {
    let entry = try registry.named(choice.name)
    try model.require(entry.needs, for: "the criterion '\(entry.name)'")
    return try entry.make(
      RegisteredCriterion.Context(model, labels: labels, targets: targets), registry.complete(choice))
  }

  /// Those that a model has the output for.
  public static func suiting(_ model: any Model) -> [RegisteredCriterion] {
    registry.entries.filter { model.outputs.contains($0.needs) }
  }
}

extension Setting {
  static let kappa = Setting.real("kappa", 0, in: .fromZero, "κ, the margin by which the criterion must hold")
}
