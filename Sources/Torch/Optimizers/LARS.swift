/// Layer-wise adaptive rates (You, Gitman and Ginsburg 2017) as SimCLR's reference code has them: with momentum m,
/// v ← m v + rate · trust · ‖w‖ / ‖g + λw‖ · (g + λw), w ← w − v.
///
/// Tensors of one dimension (biases, batch norm) neither decay nor adapt; where ‖w‖ or ‖g + λw‖ is 0, the ratio is 1, so that
/// weights that begin at 0 can leave it.
public struct LARS: Optimizer {
  /// What the update is multiplied by, beside a tensor's own trust.
  public var learningRate: Double
  /// The share of the last update that is kept, in 0..<1.
  public var momentum: Double
  /// How strongly weights are drawn to zero; 0 for not at all.
  public var weightDecay: Double
  /// The share of a tensor's own length that a step of rate 1 has.
  public var trust: Double
  private var velocity: [Tensor] = []

  /// Without a state yet.
  public init(
    learningRate: Double, momentum: Double = 0.9, weightDecay: Double = 1e-4, trust: Double = 1e-3
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.trust = trust
  }

  public mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    withoutGrad {
      if velocity.isEmpty { velocity = zerosLike(parameters) }
      Foreach.multiply(velocity, momentum)
      Foreach.add(velocity, zip(parameters, gradients).map(adapted), scale: learningRate)
      Foreach.add(parameters, velocity, scale: -1)
    }
  }

  private func adapted(_ weights: Tensor, _ gradient: Tensor) -> Tensor {
    guard weights.shape.count > 1 else { return gradient }
    let decayed = gradient + weights * weightDecay
    let (own, slope) = (length(weights), length(decayed))
    let known = (own .> 0) .& (slope .> 0)
    return decayed
      * `where`(known, own / slope * trust, Tensor.full([1], 1, dtype: own.dtype, device: own.device))
  }

  private func length(_ tensor: Tensor) -> Tensor { tensor.reshaped([1, -1]).sampleNorms() }

  public var state: [NamedTensor] {
    get { named("velocity", velocity) }
    set { velocity = unnamed("velocity", newValue) }
  }
}
