import MutualInformation
import Torch

/// How far each example is from its original.
public struct PerturbationSizes: Sendable {
  /// ‖x′ − x‖₂.
  public let l2: [Double]
  /// ‖x′ − x‖∞.
  public let lInfinity: [Double]
  /// The closed-form information of one random projection, −½ ln(1 − cos²(x, x′)) nats: one scale for every method.
  public let information: [Double]
  /// Whether ‖x′ − x‖₂ ≤ 0.01 √d: next to nothing was changed.
  public let isNear: [Bool]

  /// - Parameters:
  ///   - originals: `[count, …]`.
  ///   - perturbed: as many samples.
  public init(_ originals: Tensor, _ perturbed: Tensor) {
    let delta = withoutGrad { perturbed - originals }
    l2 = delta.sampleNorms().doubles
    lInfinity = delta.flattened().abs().max(1).doubles
    information = GaussianInformation(originals).valuesAndGradient(perturbed).values.doubles
    let near = 0.01 * Double(originals.count / max(1, originals.shape[0])).squareRoot()
    isNear = l2.map { $0 <= near }
  }

  /// The mean of a size over chosen examples; NaN over none.
  public func mean(_ size: KeyPath<PerturbationSizes, [Double]>, over chosen: [Int]) -> Double {
    Evaluation.mean(chosen.map { self[keyPath: size][$0] })
  }

  /// The share of chosen examples that changed next to nothing; NaN over none.
  public func nearShare(over chosen: [Int]) -> Double { Evaluation.mean(chosen.map { isNear[$0] ? 1 : 0 }) }
}

/// What a set of examples is like. Means and shares without further words are over the examples that are kept: those
/// that meet the criterion, or all where all are kept.
public struct ExampleFigures: Codable, Equatable, Sendable {
  /// The share of the samples with f(x′) ≤ 0 and x′ ≠ x (ASR).
  public var successRate: Double
  /// The means of ‖x′ − x‖₂ and ‖x′ − x‖∞.
  public var l2: Double
  /// The mean of the largest changes of a value.
  public var lInfinity: Double
  /// The share within 0.01 · √d of the original in L2: successes that changed next to nothing.
  public var nearShare: Double
  /// The mean of the closed-form information of one random projection, nats.
  public var information: Double
  /// The mean of the attack's own similarity where there is one (for MINE, its estimate).
  public var similarity: Double?
  /// The mean of ‖x′ − x‖₂ over all that is trained on, what stands for failures included.
  public var trainedL2: Double
  /// How many samples ended in each status of the attack.
  public var statuses: [String: Int]
  /// f and the information of up to 500 evenly spaced examples, for distributions.
  public var criterionSample: [Float]
  /// The information of some of the examples, for its distribution.
  public var informationSample: [Float]

  /// - Parameters:
  ///   - won: whether each example meets the criterion and differs from its original.
  ///   - keepsAll: whether examples that fail are kept too.
  ///   - criterion: f(x′), one per example.
  ///   - similarity: the attack's own, one per example.
  ///   - trainedL2: over all that is trained on.
  public init(
    _ sizes: PerturbationSizes, won: [Bool], keepsAll: Bool, criterion f: [Double], similarity: [Float]?,
    statuses: [String: Int], trainedL2: Double
  ) {
    let kept = keepsAll ? Array(won.indices) : won.indices.filter { won[$0] }
    let shown = stride(from: 0, to: kept.count, by: max(1, kept.count / 500)).map { kept[$0] }
    successRate = Double(won.count { $0 }) / Double(max(1, won.count))
    l2 = sizes.mean(\.l2, over: kept)
    lInfinity = sizes.mean(\.lInfinity, over: kept)
    nearShare = sizes.nearShare(over: kept)
    information = sizes.mean(\.information, over: kept)
    self.similarity = similarity.map { values in mean(kept.map { Double(values[$0]) }) }
    self.trainedL2 = trainedL2
    self.statuses = statuses
    criterionSample = shown.map { Float(f[$0]) }
    informationSample = shown.map { Float(sizes.information[$0]) }
  }
}
