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
  /// What a bound of it means; nil where it is learned anew at every reading, and where no bound makes sense.
  public let limit: Limit?
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
    _ name: String, _ summary: String, needs: Output? = nil, limit: Limit? = nil, settings: [Setting],
    make: @escaping @Sendable (Context, Choice) throws -> any Similarity
  ) {
    self.name = name
    self.summary = summary
    self.needs = needs
    self.limit = limit
    self.settings = settings
    self.make = make
  }
}

/// All similarities; a new one is a file with an entry, and a line here.
public enum Similarities {
  /// Every similarity there is.
  public static let registry = Registry<RegisteredSimilarity>(
    "similarity", [.exact, .mine, .l2, .linf, .ssim, .perceptual, .reconstruction])

  /// Those that can bound what an example may be.
  public static var limits: [String] { registry.entries.filter { $0.limit != nil }.map(\.name) }

  /// The bound of a similarity as the least value that it may have.
  /// - Throws: ``RecipeError`` for one that is no bound, or a value that is none.
  static func least(_ name: String, _ value: Double) throws -> Double {
    guard let limit = try registry.named(name).limit else {
      throw RecipeError("'\(name)' is no bound of an example; these are: \(limits.joined(separator: ", "))")
    }
    guard value.isFinite, limit == .atLeast || value >= 0 else {
      throw RecipeError("within \(name)=\(value): the largest distance must be a number from 0 on")
    }
    return limit == .atMost ? -value : value
  }

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
