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
  /// - Throws: `RecipeError` where the folder belongs to another run; `CancellationError` once everything is saved.
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
    let identity = try plan.identity, path = folder + "/recipe.yaml"
    let files = FileManager.default
    if let old = files.contents(atPath: path).map({ String(decoding: $0, as: UTF8.self) }) {
      guard old != identity else { return }
      let pair = zip(old.split(separator: "\n"), identity.split(separator: "\n")).first { $0 != $1 }
      throw RecipeError(
        "\(folder) holds another run: it has '\(pair?.0.trimmingCharacters(in: .whitespaces) ?? "")', this one "
          + "'\(pair?.1.trimmingCharacters(in: .whitespaces) ?? "")'; choose another --out")
    }
    if let found = try? files.contentsOfDirectory(atPath: folder),
      let first = found.first(where: { $0 != ".DS_Store" })
    {
      throw RecipeError(
        "\(folder) is not empty and was not made by this program ('\(first)' is in it); choose another --out")
    }
    do {
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw RecipeError("\(folder) cannot be created: \(error.localizedDescription)")
    }
    try AtomicFile.write(Array(identity.utf8), to: path)
  }
}
