import Attacks
import Augmentation
import Models
import Torch

/// The second half of the batches of one training.
struct RecipesExamples {
  private let arm: RecipesArm
  private let set: Tensor
  private let seed: UInt64
  private let isCancelled: @Sendable () -> Bool
  /// Examples to draw from `[count, …]`, where they are not made for each batch.
  private var pool: Tensor?
  /// The original of each of them.
  private var basis: Tensor
  private var order: Passes
  private var madeInPass = -1
  private var makings = 0
  /// Of the examples that were made last.
  private(set) var counts: RecipesCell.ExampleCounts?
  /// Spent on making examples.
  private(set) var seconds = 0.0

  var isEmpty: Bool { arm.source == .none }

  static func none(_ set: Tensor, seed: UInt64) -> RecipesExamples {
    RecipesExamples(arm: .init(.none), set: set, seed: seed, isCancelled: { false })
  }

  private init(arm: RecipesArm, set: Tensor, seed: UInt64, isCancelled: @escaping @Sendable () -> Bool) {
    self.arm = arm
    self.set = set
    basis = set
    self.seed = seed
    self.isCancelled = isCancelled
    order = Passes(count: set.shape[0], seed: seed, purpose: .augmentation)
  }

  /// - Parameters:
  ///   - original: the model trained on the same data alone.
  ///   - untrained: makes the model as it is before any training.
  init(
    _ arm: RecipesArm, of set: Tensor, seed: UInt64, original: any Autoencoder,
    untrained: () throws -> any Autoencoder, isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    self.init(arm: arm, set: set, seed: seed, isCancelled: isCancelled)
    seconds = try Studies.seconds {
      switch arm.source {
      case .none, .noise, .mixup, .online, .onlineMatched: break
      case .uae, .l2UAE: try make(against: original)
      case .untrained: try make(against: try untrained())
      case .starts: pool = try concatenated((0..<arm.attack.copies).map { try starts(seed, copy: $0) })
      case .matched:
        try make(against: original)
        match()
      }
    }
  }

  /// The examples that go with a batch of originals; nil where there are none.
  mutating func next(
    for batch: Tensor, update: Int, pass: Int, model: any Autoencoder
  ) throws -> Tensor? {
    let count = batch.shape[0]
    var result: Tensor?
    seconds += try Studies.seconds {
      switch arm.source {
      case .none: break
      case .noise:
        let noise = RandomStream(seed: seed, purpose: .augmentation, index: update).normal(batch.count)
        result = withoutGrad { (batch + Tensor(noise, batch.shape) * (arm.sigma ?? 0)).clamped(0...1) }
      case .mixup:
        let draws = RandomStream(seed: seed, purpose: .augmentation, index: update).uniform(2 * count)
        let partners = (0..<count).map { Int(draws[$0] * Float(set.shape[0])) }
        let weights = Tensor(draws[count...], [count]).perSample(like: batch)
        result = withoutGrad { batch * weights + set.gathered(partners) * (1 - weights) }
      case .online, .onlineMatched:
        if madeInPass < 0 || pass >= madeInPass + (arm.every ?? 1) {
          madeInPass = pass
          makings += 1
          try make(against: model)
          if arm.source == .onlineMatched { match() }
        }
        fallthrough
      case .uae, .l2UAE, .untrained, .starts, .matched:
        result = pool.map { $0.gathered(order.next(count)) }
      }
    }
    return result
  }

  private mutating func make(against model: any Autoencoder) throws {
    var succeeded = 0.0
    var kept: [Tensor] = []
    var sources: [Tensor] = []
    for copy in 0..<arm.attack.copies {
      // Each making has draws of its own.
      let seed = self.seed &+ UInt64(makings) &* 0x9E37_79B9
      var attack = try arm.attack.makeAttack(on: model, seed: seed)
      if arm.source == .l2UAE { attack.similarity = ReconstructionDistance { model($0) } }
      let result = try attack.run(
        set, range: 0..<set.shape[0], copy: copy, threads: 1, isCancelled: isCancelled)
      succeeded += result.successRate / Double(arm.attack.copies)
      switch arm.failures ?? .replace {
      case .replace:
        kept.append(result.perturbed)
        sources.append(set)
      case .drop:
        let won = result.status.indices.filter { result.status[$0] == .succeeded }
        if !won.isEmpty {
          kept.append(result.perturbed.gathered(won))
          sources.append(set.gathered(won))
        }
      case .start:
        sources.append(set)
        kept.append(
          examples(
            result.perturbed, where: result.status.map { $0 == .succeeded },
            else: try starts(seed, copy: copy)))
      }
    }
    // Where every attack failed the originals stand alone.
    let made = kept.isEmpty ? set : concatenated(kept)
    pool = made
    basis = sources.isEmpty ? set : concatenated(sources)
    measure(successRate: succeeded)
    if order.count != made.shape[0] {
      order = Passes(
        count: made.shape[0], seed: seed &+ UInt64(makings) &* 0x9E37_79B9, purpose: .augmentation)
    }
  }

  private mutating func measure(successRate: Double) {
    guard let pool else { return }
    counts = .init(successRate: successRate, l2: mean(withoutGrad { (pool - basis).sampleNorms() }.doubles))
  }

  /// Puts noise in the place of the examples.
  private mutating func match() {
    pool = pool.map { matchedNoise($0) }
    measure(successRate: counts?.successRate ?? .nan)
  }

  /// Where the attack would begin, without a criterion.
  private func starts(_ seed: UInt64, copy: Int) throws -> Tensor {
    try arm.attack.starts(of: set, seed: seed, copy: copy, isCancelled: isCancelled)
  }

  /// x + s n, clipped to [0, 1], n Gaussian and s such that the change is as long as the example's.
  private func matchedNoise(_ examples: Tensor) -> Tensor {
    let x = basis
    let drawn = RandomStream(seed: seed, purpose: .augmentation, index: -1 - makings).normal(x.count)
    return withoutGrad {
      let noise = Tensor(drawn, x.shape)
      let wanted = (examples - x).sampleNorms()
      var low = Tensor.zeros(wanted.shape), high = Tensor.full(wanted.shape, 4)
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
