import Attacks
import Evaluation
import Models
import Torch

/// Makes the examples of an arm and keeps what is made until it is made anew.
package struct ExampleMaker {
  package let arm: Arm
  private let recipe: Recipe
  /// The originals `[count, …]`.
  package let set: Tensor
  private let seed: UInt64
  private let run: Attacker
  /// One set of examples per copy, failures treated as the arm says.
  package private(set) var sets: [Tensor] = []
  /// The place of each one's original in the set.
  package private(set) var rows: [[Int]] = []
  /// What the attack returned, where one made the examples.
  private(set) var found: Examples?
  private var makings = 0
  /// Spent on making examples.
  private(set) var seconds = 0.0

  /// Attacks samples with the recipe; how is the caller's: in memory, or in a run that can be resumed.
  package typealias Attacker = (Tensor, Recipe, any Model, UInt64) throws -> Examples

  package init(_ arm: Arm, of set: Tensor, seed: UInt64, run: @escaping Attacker) {
    self.arm = arm
    recipe = arm.attack
    self.set = set
    self.seed = seed
    self.run = run
  }

  /// Makes the examples that are made once.
  package mutating func makeStatic(against original: any Model, untrained: () throws -> any Model) throws {
    seconds += try elapsed {
      switch arm.source {
      case .original, .none, .noise, .shift, .mixup, .online: break
      case .starts:
        let (originals, places) = drawn()
        sets = try (0..<recipe.copies).map { try recipe.starts(of: originals, seed: seed, copy: $0) }
        rows = sets.map { _ in places }
      case .attack: try make(against: original)
      case .untrained: try make(against: try untrained())
      }
    }
  }

  /// Makes online examples anew where a pass over the data asks for it.
  /// - Returns: whether there are new ones.
  mutating func refresh(pass: Int, model: any Model) throws -> Bool {
    // The number of the making follows from the pass, so that a training that goes on after a stop finds the same draws.
    let making = pass / (arm.every ?? 1) + 1
    guard arm.source == .online, making != makings else { return false }
    makings = making
    seconds += try elapsed { try make(against: model) }
    return true
  }

  /// Each making has draws of its own.
  static func seed(_ seed: UInt64, making: Int) -> UInt64 { seed &+ UInt64(making) &* 0x9E37_79B9 }

  var currentSeed: UInt64 { Self.seed(seed, making: makings) }

  /// The samples that a making is of, and their places in the set.
  private func drawn() -> (originals: Tensor, places: [Int]) {
    let count = set.shape[0]
    guard let wanted = arm.recipe?.originals, wanted < count else { return (set, Array(0..<count)) }
    let order = RandomStream(seed: currentSeed, purpose: .split, index: -1).permutation(count)
    let places = order.prefix(wanted).sorted()
    return (set.gathered(places), places)
  }

  /// An example for every sample of the set: itself where none was made.
  package func completed(_ examples: Tensor, at places: [Int]) -> Tensor {
    var order = Array(0..<set.shape[0])
    for (row, place) in places.enumerated() { order[place] = set.shape[0] + row }
    return concatenated([set, examples]).gathered(order)
  }

  private mutating func make(against model: any Model) throws {
    let (originals, drawn) = drawn()
    var found = try run(originals, recipe, model, currentSeed)
    // Out of a run's folder they come into the host's memory.
    found.perturbed = found.perturbed.to(set.device)
    found.index = found.index.map { drawn[$0] }
    self.found = found
    (sets, rows) = ([], [])
    for copy in 0..<recipe.copies {
      let places = found.copy.indices.filter { found.copy[$0] == copy }
      let made = found.perturbed.gathered(places), won = places.map { found.status[$0] == .succeeded }
      switch recipe.retraining.failures {
      case .replace:
        sets.append(made)
        rows.append(drawn)
      case .drop:
        let kept = won.indices.filter { won[$0] }
        if !kept.isEmpty {
          sets.append(made.gathered(kept))
          rows.append(kept.map { drawn[$0] })
        }
      case .start:
        rows.append(drawn)
        sets.append(
          made.replacingFailures(won, by: try recipe.starts(of: originals, seed: currentSeed, copy: copy)))
      }
    }
    if arm.matched == true { match() }
  }

  /// Puts noise in the place of the examples.
  private mutating func match() {
    guard !sets.isEmpty else { return }
    let places = rows.flatMap { $0 }
    sets = [matchedNoise(concatenated(sets), set.gathered(places))]
    rows = [places]
  }

  /// x + s n, clipped to [0, 1], n Gaussian and s such that the change is as long as the example's.
  private func matchedNoise(_ examples: Tensor, _ x: Tensor) -> Tensor {
    let drawn = RandomStream(seed: seed, purpose: .augmentation, index: -1 - makings).normal(x.count)
    return withoutGrad {
      let noise = Tensor(drawn, x.shape).to(x.device)
      let wanted = (examples - x).sampleNorms()
      var low = Tensor.zeros(wanted.shape, device: x.device)
      var high = Tensor.full(wanted.shape, 4, device: x.device)
      func noisy(_ scale: Tensor) -> Tensor { (x + noise * scale.perSample(like: x)).clamped(0...1) }
      for _ in 0..<20 {
        let middle = (low + high) * 0.5
        let short = (noisy(middle) - x).sampleNorms() .< wanted
        low = `where`(short, middle, low)
        high = `where`(short, high, middle)
      }
      return noisy(low)
    }
  }
}
