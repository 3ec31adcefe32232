import Torch

/// How a criterion behaves near a few samples, before a long run: whether its gradient says anything, and what it costs.
public struct CriterionInspection: Sendable {
  /// Of the samples tried, those at which ∇f was exactly zero, and those with NaN or infinity in f or ∇f.
  public let zeroGradients: Int
  /// Of the samples tried, those with NaN or infinity in f or ∇f.
  public let notFinite: Int
  /// Of the samples tried, those at which f was that of the original and ∇f, where it was asked for, no more than rounding
  /// leaves.
  public let constant: Int
  /// How many samples were tried.
  public let samples: Int
  /// Whether f depends on x′ through differentiable operations at all; true where no gradient was asked for.
  public let isDifferentiable: Bool
  /// Seconds of one thread for f and ∇f of one sample, measured in a batch; a forward pass alone counts as a third.
  public let secondsPerSample: Double

  /// Evaluates f and ∇f at x + 0.1 · N(0, I), clipped to [0, 1].
  ///
  /// - Parameters:
  ///   - samples: `[count, …]` in [0, 1].
  ///   - needsGradient: whether ∇f is looked at.
  /// - Throws: what the criterion throws, but for a missing gradient.
  public init(_ criterion: any Criterion, _ samples: Tensor, needsGradient: Bool = true, seed: UInt64 = 0)
    throws
  {
    let noise = RandomStream(seed: seed, purpose: .start).normal(samples.count)
    let perturbed = (samples + Tensor(noise, samples.shape).to(samples.device) * 0.1).clamped(0...1)
    let bound = try criterion.bind(samples)
    self.samples = samples.shape[0]
    let before = try withoutGrad { try bound.values(samples).floats }
    func isConstant(_ row: Int, _ value: Float, slope: Float = 0) -> Bool {
      let scale = 1e-5 * max(1, abs(before[row]))
      return abs(value - before[row]) <= scale && slope <= scale
    }
    guard needsGradient else {
      var elapsed = 0.0
      let values = try seconds(&elapsed) { try withoutGrad { try bound.values(perturbed).floats } }
      (isDifferentiable, zeroGradients) = (true, 0)
      notFinite = values.count { !$0.isFinite }
      constant = values.indices.count { isConstant($0, values[$0]) }
      secondsPerSample = 3 * elapsed / Double(samples.shape[0])
      return
    }
    let tracked = try withGrad { try bound.values(perturbed.requiringGrad()).requiresGrad }
    guard tracked else {
      (isDifferentiable, zeroGradients, notFinite, secondsPerSample, constant) =
        (false, samples.shape[0], 0, 0, 0)
      return
    }
    var elapsed = 0.0
    let (values, gradient) = try seconds(&elapsed) { try bound.valuesAndGradient(perturbed) }
    let norms = gradient.scaledSampleNorms()
    isDifferentiable = true
    zeroGradients = norms.floats.count { $0 == 0 }
    notFinite = zip(values.floats, norms.floats).count { !$0.isFinite || !$1.isFinite }
    let lengths = (perturbed - samples).sampleNorms().floats, slopes = norms.floats, after = values.floats
    constant = before.indices.count { isConstant($0, after[$0], slope: slopes[$0] * lengths[$0]) }
    secondsPerSample = elapsed / Double(samples.shape[0])
  }
}
