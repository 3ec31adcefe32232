import Formats
import Foundation

/// Everything that decides the bytes a run produces. A run directory belongs to one identity for ever.
public struct RunIdentity: Sendable, Equatable {
  /// The recipe, complete with defaults, as the text of `recipe.yaml`. Leave out what cannot change a result:
  /// threads, batch size, rank, verbosity.
  public var recipe: String
  /// SHA-256 of the model.
  public var model: String
  /// SHA-256 of the data set.
  public var data: String
  /// The software that computes, by name: `["swift-uae": "1.0.0", "libtorch": "2.13.0"]`.
  public var software: [String: String]

  /// An identity of digests and versions.
  public init(recipe: String, model: String, data: String, software: [String: String]) {
    self.recipe = recipe
    self.model = model
    self.data = data
    self.software = software
  }
}

/// The identity as the manifest states it: digests in place of texts, and the plan.
struct RunHeader: Codable, Equatable {
  static let currentFormat = 1

  var format = Self.currentFormat
  var recipe: String
  var model: String
  var data: String
  var software: [String: String]
  var samples: [Int]
  var shardSize: Int

  init(_ identity: RunIdentity, _ plan: ShardPlan) {
    recipe = SHA256.digest(of: Array(identity.recipe.utf8))
    model = identity.model
    data = identity.data
    software = identity.software
    samples = [plan.samples.lowerBound, plan.samples.upperBound]
    shardSize = plan.shardSize
  }

  /// One line of JSON with sorted keys: equal headers give equal bytes.
  var line: String { JSON.line(self) }

  /// What binds shard records to this identity.
  var digest: String { SHA256.digest(of: Array(line.utf8)) }

  var plan: ShardPlan? {
    guard samples.count == 2, samples[0] < samples[1] else { return nil }
    return try? ShardPlan(samples: samples[0]..<samples[1], shardSize: shardSize)
  }

  /// The first thing in which this header, found in the folder, differs from what is asked; nil for none. The
  /// recipes' texts are compared line by line.
  func firstDifference(
    from asked: RunHeader, recipe foundRecipe: String?, askedRecipe: String
  ) -> String? {
    if format != asked.format {
      return "it is in format \(format), this program writes format \(asked.format)"
    }
    if recipe != asked.recipe {
      return foundRecipe.flatMap { Self.firstDifference(found: $0, asked: askedRecipe) }
        ?? "its recipe is another one"
    }
    if samples != asked.samples { return "its samples are \(samples), asked are \(asked.samples)" }
    if shardSize != asked.shardSize { return "its shard size is \(shardSize), asked is \(asked.shardSize)" }
    if model != asked.model {
      return "its model has digest \(model.prefix(16)), the one given has \(asked.model.prefix(16))"
    }
    if data != asked.data {
      return "its data set has digest \(data.prefix(16)), the one given has \(asked.data.prefix(16))"
    }
    for name in Set(software.keys).union(asked.software.keys).sorted()
    where software[name] != asked.software[name] {
      return
        "it was begun with \(name) \(software[name] ?? "absent"), this is \(asked.software[name] ?? "absent")"
    }
    return nil
  }

  static func firstDifference(found: String, asked: String) -> String? {
    let old = found.split(separator: "\n", omittingEmptySubsequences: false)
    let new = asked.split(separator: "\n", omittingEmptySubsequences: false)
    for index in 0..<max(old.count, new.count) {
      let there = index < old.count ? String(old[index]) : ""
      let here = index < new.count ? String(new[index]) : ""
      if there != here {
        func quoted(_ line: String) -> String {
          line.isEmpty ? "nothing" : "'\(line.trimmingCharacters(in: .whitespaces))'"
        }
        return "recipe.yaml line \(index + 1) says \(quoted(there)), asked is \(quoted(here))"
      }
    }
    return nil
  }
}
