import Attacks

/// What Table 4's columns and this program's controls are, by name.
enum Table4Arms {
  static let original = "original"
  static let repeated = "repeated"
  static let mineUAE = "mine-uae"
  static let mineUAECode = "mine-uae-code"
  static let l2UAE = "l2-uae"
  static let gaussian = "ga-"
  static let difference = "difference-"

  /// All that go by name; `ga-0.05` and the like stand for any σ, `difference-0.25` for any λ.
  static let names = [
    original, repeated, mineUAE, mineUAECode, l2UAE, "ga-0.01", "ga-0.001", "difference-0.5", "mixup", "pgd",
    "far-noise", "far-mix",
  ]

  /// - Throws: ``StudyError/settings(_:)`` for an unknown name.
  static func named(_ name: String, _ uae: Table4Plan.UAE) throws -> Arm {
    func examples(_ recipe: Recipe) -> Arm { Arm(.attack, recipe: .init(recipe)) }
    var arm: Arm
    switch name {
    case original: arm = Arm(.original)
    case repeated: arm = Arm(.none)
    case mineUAE: arm = examples(uae.applied(to: .paper))
    case mineUAECode: arm = examples(uae.applied(to: .paperCode))
    case l2UAE:
      var recipe = uae.applied(to: .paper)
      recipe.similarity = Choice("reconstruction")
      arm = examples(recipe)
    case "mixup": arm = Arm(.mixup)
    case "pgd":
      arm = Arm(
        .attack,
        recipe: .init(
          criterion: Choice("broken-reconstruction"), similarity: Choice("l2"), start: Choice("zero"),
          solver: Choice("pgd")))
    case "far-noise": arm = examples(.farNoise)
    case "far-mix": arm = examples(.farMix)
    default:
      func number(after prefix: String) -> Double? {
        guard name.hasPrefix(prefix), let value = Double(name.dropFirst(prefix.count)), value > 0, value <= 10
        else { return nil }
        return value
      }
      if let sigma = number(after: gaussian) {
        arm = Arm(
          .attack,
          recipe: .init(
            start: Choice("noise", ["sigma": .real(sigma)]),
            solver: Choice("switching", ["iterations": .integer(0)])))
      } else if let lambda = number(after: difference) {
        // No example of the paper's kind that a failure could be told from: all are kept.
        arm = Arm(.starts, recipe: .init(start: Choice("difference", ["lambda": .real(lambda)])))
      } else {
        throw StudyError.settings("unknown arm '\(name)'; known: \(names.joined(separator: ", "))")
      }
    }
    arm.name = name
    return arm
  }
}

extension Table4Plan.UAE {
  /// A recipe of Algorithm 1 with these parameters.
  func applied(to recipe: Recipe) -> Recipe {
    var recipe = recipe
    recipe.solver = Choice(
      "minmax",
      [
        "alpha": .real(alpha), "beta": .real(beta), "iterations": .integer(iterations),
        "epsilon": .real(epsilon),
      ])
    recipe.criterion["kappa"] = .real(kappa)
    recipe.similarity["mineSteps"] = .integer(mineSteps)
    recipe.similarity["mineLearningRate"] = .real(mineLearningRate)
    return recipe
  }
}
