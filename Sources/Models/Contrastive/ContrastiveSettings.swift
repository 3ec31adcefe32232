import Torch

/// What a step of contrastive learning does with a batch.
public struct ContrastiveSettings: Codable, Equatable, Sendable {
  /// How the two views of a sample are made.
  public var views: RandomViews
  /// τ of the loss.
  public var temperature = 0.5
  /// Whether both views pass through the network together, so that batch norm takes its statistics over both (as the reference
  /// does), or one after the other.
  public var joinsViews = true
  /// A third term of the loss, of the first view and another one.
  public var third: ThirdView?

  /// The usual settings, with these views.
  public init(views: RandomViews) { self.views = views }

  /// Whether first views are mixed, each with another by a share of its own, and shall find both partners (i-Mix; Lee et al. 2021).
  public var mixes = false

  /// NT-Xent of one view of each sample and one of its target, which is the sample itself unless it was changed. What is drawn
  /// depends on the step and on the sample's place in the epoch's data alone.
  ///
  /// Where the model has a group, each process makes the views of its share of the batch, and all have the loss of the whole.
  ///
  /// - Throws: ``ModelError`` for a single sample, which has nothing to be told apart from.
  package func loss(_ model: ContrastiveEncoder, _ batch: Batch, _ random: RandomStream) throws -> Tensor {
    let count = batch.indices.count
    guard count > 1 else {
      throw ModelError.settings(
        "\(model.name) tells samples of a batch apart, and a batch has one alone: choose another batch size")
    }
    let share = try share(of: count, model)
    let batch = share.count == count ? batch : batch.part(share)
    var pass = Pass.training(random, group: model.group)
    func projections(_ x: Tensor) -> Tensor { model.projector(model.encoder(x, &pass), &pass) }
    func pair(_ first: Tensor, _ second: Tensor) -> (Tensor, Tensor) {
      guard joinsViews else { return (projections(first), projections(second)) }
      let both = projections(concatenated([first, second]))
      return (both[0..<share.count], both[share.count..<2 * share.count])
    }
    func whole(_ own: Tensor) throws -> Tensor {
      try share.count == count ? own : model.group?.gather(own, at: share, of: count) ?? own
    }
    // With a third view the pair is of the original alone, and what was made of it stands in the third.
    let first = views(
      third == nil ? batch.samples : batch.targets, sources(batch, 0, random, model.sampleShape))
    let second = views(batch.targets, sources(batch, 1, random, model.sampleShape))
    if mixes {
      let mixture = Mixture(count, random)
      let (a, b) = pair(mixture(first), second)
      return mixture.loss(a, b, temperature: temperature)
    }
    let (a, b) = pair(first, second)
    let plain = try ntXent(whole(a), whole(b), temperature: temperature)
    guard let third else { return plain }
    func apart(_ x: Tensor) -> Tensor {
      guard third.hasOwnNorms else { return projections(x) }
      var pass = Pass.training(random, norms: model.secondNorms)
      return model.projector(model.encoder(x, &pass), &pass)
    }
    let other: Tensor
    switch third.kind {
    case .view: other = views(batch.samples, sources(batch, 2, random, model.sampleShape))
    case .adversarial:
      let still = withoutGrad { apart(batch.targets) }
      let leaf = first.requiringGrad()
      let slope = try withGrad { try grad(ntXent(apart(leaf), still, temperature: temperature), [leaf])[0] }
      guard let slope else { return plain }
      other = (first + slope.sign() * third.epsilon).clamped(0...1)
    case .randomSigns:
      let draws = random.uniform(first.count, position: 1 << 60).map { $0 < 0.5 ? Float(-1) : 1 }
      other = (first + Tensor(draws, first.shape).to(first.device) * third.epsilon).clamped(0...1)
    }
    return plain + ntXent(a, apart(other.detached()), temperature: temperature) * third.weight
  }

  /// The samples of a batch that are this process's.
  private func share(of count: Int, _ model: ContrastiveEncoder) throws -> Range<Int> {
    guard let group = model.group, group.count > 1 else { return 0..<count }
    guard third == nil, !mixes else {
      throw ModelError.settings("several processes train with two views of each sample, and nothing else")
    }
    guard count >= group.count else {
      throw ModelError.settings(
        "a batch of \(count) samples has none for some of the \(group.count) processes: choose another batch size"
      )
    }
    return group.share(of: count)
  }

  /// Where the numbers for the given view of each sample of a batch begin, apart from those that layers draw.
  func sources(
    _ batch: Batch, _ view: Int, _ random: RandomStream, _ sampleShape: [Int]
  ) -> [RandomViews.Source] {
    let blocks = views.blocks(sampleShape)
    return batch.indices.map { index in
      RandomViews.Source(random, position: 1 << 48 + UInt64(Self.mostViews * index + view) * blocks)
    }
  }

  /// The views of one sample in one step, at most.
  private static let mostViews = 4
}

/// A third view of each sample, compared with the first.
public struct ThirdView: Codable, Equatable, Sendable {
  /// How the third view is made.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// One more view, of what was made of the sample where something was.
    case view
    /// The first view, moved by ε along the signs of the loss's gradient (CLAE; Ho and Vasconcelos 2020), clipped to [0, 1].
    case adversarial
    /// The first view, moved by ε with random signs: the control of the former.
    case randomSigns = "random-signs"
  }

  /// How it is made.
  public var kind: Kind
  /// α, the weight of the third term.
  public var weight: Double
  /// ε in [0, 1].
  public var epsilon: Double
  /// Whether a second set of batch norms is for these views alone, as in CLAE's code; the model that comes out has the first.
  public var hasOwnNorms: Bool

  /// - Parameters:
  ///   - epsilon: by default CLAE's, 0.03 in units in which values are −1…1.
  ///   - hasOwnNorms: by default of views that are moved, not of ordinary ones.
  public init(_ kind: Kind, weight: Double = 1, epsilon: Double = 0.015, hasOwnNorms: Bool? = nil) {
    self.hasOwnNorms = hasOwnNorms ?? (kind != .view)
    self.kind = kind
    self.weight = weight
    self.epsilon = epsilon
  }
}
