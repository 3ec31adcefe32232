import Models
import Torch

/// A similarity that can be chosen by name.
public struct RegisteredSimilarity: RegistryEntry {
  /// What `--similarity` calls it.
  public let name: String
  public let summary: String
  /// What it can be told.
  public let settings: [Setting]
  /// What it takes from the model, if anything.
  public let needs: Output?
  let make: @Sendable (Context, Choice) throws -> any Similarity

  /// What a similarity may be made from.
  public struct Context: Sendable {
    /// The model that is attacked.
    public let model: any Model
    /// A few samples `[count] + sampleShape`, on the model's device.
    public let samples: Tensor
    /// The run's seed.
    public let seed: UInt64
  }

  init(
    _ name: String, _ summary: String, needs: Output? = nil, settings: [Setting],
    make: @escaping @Sendable (Context, Choice) throws -> any Similarity
  ) {
    self.name = name
    self.summary = summary
    self.needs = needs
    self.settings = settings
    self.make = make
  }
}

/// All similarities; a new one is a file with an entry, and a line here.
public enum Similarities {
  /// Every similarity there is.
  public static let registry = Registry<RegisteredSimilarity>(
    "similarity", [.exact, .mine, .l2, .linf, .ssim, .reconstruction])

  /// The similarity that a choice describes.
  /// - Throws: ``RecipeError``; what the model throws where it lacks what the similarity needs.
  public static func make(
    _ choice: Choice, on model: any Model, samples: Tensor, seed: UInt64
  ) throws -> any Similarity {
    let entry = try registry.named(choice.name)
    if let needs = entry.needs { try model.require(needs, for: "the similarity '\(entry.name)'") }
    let context = RegisteredSimilarity.Context(model: model, samples: samples, seed: seed)
    return try entry.make(context, registry.complete(choice))
  }
}
