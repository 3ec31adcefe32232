import Attacks
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Torch

/// `uae augment`: every repetition of a plan, and what they say together.
public struct AugmentRun {
  /// What is run.
  public let plan: AugmentPlan
  /// Where it is kept.
  public let folder: String

  /// A run in a folder, which goes on where another stopped.
  public init(_ plan: AugmentPlan, folder: String) {
    self.plan = plan
    self.folder = folder
  }

  /// What the figures of all repetitions are, and the first repetition's models and examples for pictures.
  public struct Outcome {
    /// A figure's values over the seeds, by dotted key.
    public var figures: [(key: String, summary: Summary)]
    /// The model of the first seed, trained on the data alone.
    public var original: any TrainableModel
    /// The same, retrained with the examples.
    public var retrained: any TrainableModel
    /// The examples of the first seed.
    public var examples: Examples
    /// One a seed.
    public var audits: [Audit]

    /// A figure over the seeds by its key; nil where there is none.
    public subscript(_ key: String) -> Summary? { figures.first { $0.key == key }?.summary }
  }

  /// Does what is not yet done and writes `results.json`.
  ///
  /// - Throws: ``StudyError/settings(_:)`` where the folder belongs to another run; `CancellationError` once everything is saved.
  public func run(progress: RunProgress) throws -> Outcome {
    try claimFolder()
    var outcomes: [SeedRun.Outcome] = []
    for seed in plan.seeds {
      if plan.seeds.count > 1 { progress.note("seed \(seed)") }
      outcomes.append(
        try SeedRun(
          plan: plan, seed: seed, folder: "\(folder)/seed-\(seed)", progress: progress
        ).run())
    }
    guard let first = outcomes.first else { throw RecipeError("there is no seed to run") }
    let keys = first.figures.keys.sorted()
    let figures = try keys.map { key in (key, try Summary(outcomes.map { $0.figures[key] ?? .nan })) }
    let outcome = Outcome(
      figures: figures, original: first.original, retrained: first.retrained, examples: first.examples,
      audits: outcomes.map(\.audit))
    try AtomicFile.write(Array(try AugmentResults.json(plan, outcome).utf8), to: folder + "/results.json")
    return outcome
  }

  /// Claims the folder for this run; a folder that this run claimed before is its own.
  private func claimFolder() throws {
    let identity = try plan.identity, file = "recipe.yaml"
    guard let old = FileManager.default.contents(atPath: "\(folder)/\(file)") else {
      return try ClaimedFolder.claim(folder, file: file, text: identity)
    }
    if let refusal = ClaimedFolder.refusal(
      folder, holds: String(decoding: old, as: UTF8.self), asked: identity)
    {
      throw refusal
    }
  }
}
