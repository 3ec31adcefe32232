import Models

/// A criterion that can be chosen by name.
public struct RegisteredCriterion: RegistryEntry {
  public let name: String
  public let summary: String
  public let settings: [Setting]
  /// What it takes from the model.
  public let needs: Output
  /// Whether x′ shall be as alike as it can (the paper's supervised direction) instead of as unlike.
  public let seeksLikeness: Bool
  let make: @Sendable (any Model, Choice) throws -> any Criterion

  init(
    _ name: String, _ summary: String, needs: Output, seeksLikeness: Bool = false, settings: [Setting],
    make: @escaping @Sendable (any Model, Choice) throws -> any Criterion
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
  public static let registry = Registry<RegisteredCriterion>(
    "criterion",
    [.reconstruction, .brokenReconstruction, .embedding, .sameClass, .misclassification, .targeted, .loss])

  /// The criterion that a choice describes, on a model.
  /// - Throws: ``RecipeError``; what the model throws where it lacks the output that the criterion needs.
  public static func make(_ choice: Choice, on model: any Model) throws -> any Criterion {
    let entry = try registry.named(choice.name)
    try model.require(entry.needs, for: "the criterion '\(entry.name)'")
    return try entry.make(model, registry.complete(choice))
  }

  /// Those that a model has the output for.
  public static func suiting(_ model: any Model) -> [RegisteredCriterion] {
    registry.entries.filter { model.outputs.contains($0.needs) }
  }
}

extension Setting {
  static let kappa = Setting.real("kappa", 0, in: .fromZero, "κ, the margin by which the criterion must hold")
}
