import Attacks
import Formats
import Models

/// A way of training that a search tries.
public struct SearchCandidate: Codable, Hashable, Sendable {
  /// As people read it.
  public var name: String
  /// What is added to the data.
  public var arm: Arm

  /// Whether nothing but the training's length tells it from the same data.
  var isSame: Bool { arm.source == .none }

  /// Whether it takes an attack on the model.
  public var isAdversarial: Bool { arm.source == .attack || arm.source == .online }

  init(_ name: String, _ arm: Arm) {
    self.name = name
    self.arm = arm
  }

  /// The same data: what every other arm is held against.
  package static let same = SearchCandidate("the same data", Arm(.none))

  /// What is tried on samples of a shape with a model that has these outputs.
  package static func all(sampleShape: [Int], outputs: Set<Output>) -> [SearchCandidate] {
    let rebuilds = outputs.contains(.reconstruction)
    let isImage = sampleShape.count == 3 && sampleShape[1] >= 8 && sampleShape[2] >= 8
    return [same, same.lasting(longer)] + noises
      + (rebuilds ? [SearchCandidate("mixup", Arm(.mixup))] + denoising : [])
      + (isImage ? shifts : []) + adversarial(rebuilds ? "reconstruction" : "same-class")
  }

  /// The factor by which trainings are made longer.
  static let longer = 2.0

  /// The same with so many times the updates.
  package func lasting(_ factor: Double) -> SearchCandidate {
    var arm = arm
    arm.effort = factor
    return SearchCandidate("\(name), \(factor.text(.general(3))) times the updates", arm)
  }

  private static func noise(_ sigma: Double, _ lambda: Double) -> SearchCandidate {
    let white = sigma > 0 ? "Gaussian noise σ \(sigma)" : nil,
      shaped = lambda > 0 ? "difference noise λ \(lambda)" : nil
    return SearchCandidate(
      [white, shaped].compactMap { $0 }.joined(separator: " and "),
      Arm(.noise, sigma: sigma > 0 ? sigma : nil, lambda: lambda > 0 ? lambda : nil))
  }

  private static let noises =
    [0.1, 0.2, 0.4].map { noise($0, 0) } + [0.5, 1].map { noise(0, $0) } + [noise(0.2, 0.5)]

  private static let denoising: [SearchCandidate] = [noise(0, 0.5)].map { noisy in
    var arm = noisy.arm
    arm.clean = true
    return SearchCandidate("denoising of \(noisy.name)", arm)
  }

  private static let shifts = [1, 2].map { (pixels: Int) in
    SearchCandidate("shifts by up to \(pixels) pixel\(pixels == 1 ? "" : "s")", Arm(.shift, pixels: pixels))
  }

  /// UAEs of several starts and lengths: made once against the trained model, or anew against the model as it trains.
  private static func adversarial(_ criterion: String) -> [SearchCandidate] {
    func recipe(_ start: Choice, alpha: Double = 1, iterations: Int, copies: Int = 1) -> Arm.Examples {
      Arm.Examples(
        criterion: Choice(criterion), start: start,
        solver: Choice("switching", ["alpha": .real(alpha), "iterations": .integer(iterations)]),
        copies: copies)
    }
    let noise = Choice("noise", ["sigma": .real(0.4)]), mix = Choice("mix", ["lambda": .real(0.5)])
    func difference(_ lambda: Double) -> Choice { Choice("difference", ["lambda": .real(lambda)]) }
    var late = Arm(.online, recipe: recipe(difference(0.5), iterations: 5), failures: .start, every: 4)
    late.after = 0.5
    return [
      SearchCandidate(
        "UAEs from noise, made once",
        Arm(
          .attack,
          recipe: recipe(Choice("noise", ["sigma": .real(0.2)]), alpha: 0.3, iterations: 40, copies: 4),
          failures: .drop)),
      SearchCandidate(
        "UAEs from mixtures, made once",
        Arm(.attack, recipe: recipe(mix, iterations: 40, copies: 4), failures: .drop)),
      SearchCandidate(
        "UAEs from differences by small steps, made once",
        Arm(.attack, recipe: recipe(difference(0.5), alpha: 0.1, iterations: 20, copies: 4), failures: .drop)),
      SearchCandidate(
        "UAEs from noise, online",
        Arm(.online, recipe: recipe(noise, iterations: 5), failures: .start, every: 4)),
      SearchCandidate(
        "UAEs from differences, online",
        Arm(.online, recipe: recipe(difference(0.5), iterations: 5), failures: .start, every: 4)),
      SearchCandidate("UAEs from differences, online in the second half", late),
    ]
  }

  /// The same arm with the starts of its examples in their place: what is left when the search for examples is left out.
  var start: SearchCandidate? {
    guard isAdversarial else { return nil }
    var arm = arm
    if arm.source == .attack {
      arm.source = .starts
    } else {
      arm.recipe?.solver = Choice("switching", ["iterations": .integer(0)])
      arm.failures = .start
    }
    return SearchCandidate("the start of: \(name)", arm)
  }
}
