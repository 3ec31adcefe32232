import Datasets
import Selection

/// Sizes and settings of Table 6: what `Plans/table6-*.yaml` hold.
package struct Table6Plan: StudyPlan {
  package var name: String
  package var sets: [Part]
  package var arms: [Table6Arm]
  package var seeds: Int
  package var settings: Settings

  /// A data set and what is taken of it.
  package struct Part: Codable, Hashable, Sendable {
    package var dataset: String
    /// k.
    package var features: Int
    /// Training samples of a seed; nil for all but those to validate.
    package var samples: Int?
    /// The first training samples that the set is cut to before that; nil for all.
    package var pool: Int?
    /// The last training samples, on which noise is tuned.
    package var validation: Int

    var data: DataPart {
      DataPart(dataset, pool: pool, validation: validation, samples: samples)
    }
  }

  /// What is the same for all cells.
  package struct Settings: Codable, Hashable, Sendable {
    /// Updates of the original; every arm but it has twice as many.
    package var steps: Int
    package var batchSize: Int
    /// T of the attacks.
    package var iterations: Int
    /// Steps of MINE's critic at each of these.
    package var mineSteps: Int
    /// The scales of noise that are tried on the samples to validate: σ, and λ of the differences.
    package var tried: [Double]
    package var forests: Int
  }

  package static let parts: [PlanPart<Table6Plan>] = [
    PlanPart("dataset", "data sets of the plan") { plan, names in
      let chosen = names.compactMap { name in plan.sets.first { $0.dataset == name } }
      guard chosen.count == names.count else {
        throw StudyError.settings(
          "dataset is '\(names.joined(separator: ","))'; the plan has "
            + plan.sets.map(\.dataset).joined(separator: ", "))
      }
      plan.sets = chosen
    },
    PlanPart("arm", "arms of the plan") { plan, names in
      plan.arms = try names.map { name in
        guard let arm = Table6Arm(rawValue: name) else {
          throw StudyError.settings(
            "unknown arm '\(name)'; known: \(Table6Arm.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return arm
      }
    },
    .number("seeds", "paired seeds", \.seeds), .number("steps", "updates of the original", \.settings.steps),
  ]

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try require(!sets.isEmpty && !arms.isEmpty, "there is nothing to run")
    for part in sets {
      try part.data.validate()
      try require(
        1...100_000 ~= part.features, "\(part.dataset): features is \(part.features); it must be at least 1")
      try require(
        part.validation >= 1, "\(part.dataset): validation is \(part.validation); it must be at least 1")
    }
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
    let s = settings
    try require(1...10_000_000 ~= s.steps, "steps is \(s.steps); it must be from 1 to 10000000")
    try require(1...100_000 ~= s.batchSize, "batchSize is \(s.batchSize); it must be from 1 to 100000")
    try require(1...100_000 ~= s.iterations, "iterations is \(s.iterations); it must be from 1 to 100000")
    try require(0...10_000 ~= s.mineSteps, "mineSteps is \(s.mineSteps); it must be from 0 to 10000")
    try require(1...100 ~= s.forests, "forests is \(s.forests); it must be from 1 to 100")
    try require(
      !s.tried.isEmpty && s.tried.allSatisfy { $0 > 0 && $0 <= 10 },
      "tried has a number that is not above 0 and at most 10, or none")
  }
}

/// What a concrete autoencoder is trained on, or what stands in its place.
package enum Table6Arm: String, Codable, CaseIterable, Sendable {
  /// Column subset selection with exchanges: no training of a selector at all.
  case columnSubset = "css-exchange"
  case original
  /// The selector with the decoder's learning rate and its temperature down to 0.1 only, as published.
  case asPublished = "as-published"
  /// Every sample twice, for twice the updates.
  case repeated
  /// The original for twice the updates.
  case equalUpdates = "equal-updates"
  case noise
  case difference
  case mine = "uae-mine"
  case mineClean = "uae-mine-clean"
  case exact = "uae-exact"
  case exactClean = "uae-exact-clean"

  var isUAE: Bool { [.mine, .mineClean, .exact, .exactClean].contains(self) }
  /// Whether its noise has a scale and a target that are tuned.
  var isTuned: Bool { self == .noise || self == .difference }
  /// What a UAE arm is compared with before a gain is stated.
  var isControl: Bool { !isUAE && self != .asPublished && self != .columnSubset }

  /// As the page explains it.
  var text: String {
    switch self {
    case .columnSubset:
      "greedy column subset selection with exchanges, in closed form, and a decoder trained for twice the updates"
    case .original: "the concrete autoencoder on the samples"
    case .asPublished:
      "the same with the published code's learning rate of 0.001 for the selector, too, and its temperature down to 0.1"
    case .repeated: "every sample twice, twice the updates"
    case .equalUpdates: "the samples, twice the updates"
    case .noise: "the samples and a noisy copy of each, x + σ N(0, I), σ and the target tuned"
    case .difference:
      "the samples and a copy of each with noise of the data's covariance, x + λ (x_j − x_k), λ and the target tuned"
    case .mine: "the samples and a UAE of each by MINE (Algorithm 1), whose target is the UAE itself"
    case .mineClean: "the same UAEs with the clean sample for a target"
    case .exact:
      "the samples and a far UAE of each by the closed form of information, whose target is the UAE itself"
    case .exactClean: "the same UAEs with the clean sample for a target"
    }
  }
}
