import Datasets

/// What an attack left behind, for ``Audit`` to check: one entry a UAE, in the order of the records.
public struct AuditInput: Sendable {
  /// The training samples that were attacked.
  public var training: Samples
  /// The untouched test samples, to see that none of them leaked into the UAEs.
  public var test: Samples
  /// x′ as read back from the written file.
  public var perturbed: Samples
  /// The training sample that each x′ was made from.
  public var index: [Int]
  /// Whether each attack succeeded.
  public var succeeded: [Bool]
  /// f(x): what the criterion says of the original itself (κ for the reconstruction criterion).
  public var criterionBefore: [Double]
  /// f(x′) as the solver reported it.
  public var criterionAfter: [Double]
  /// f(x′) computed again from `perturbed`.
  public var criterionReread: [Double]
  /// At how many iterates the gradient was exactly zero.
  public var zeroGradients: [Int]
  /// ε, the largest change of a value that the attack allowed.
  public var epsilon: Double

  /// What is audited: samples and what was made of them, in the order of the examples.
  public init(
    training: Samples, test: Samples, perturbed: Samples, index: [Int], succeeded: [Bool],
    criterionBefore: [Double], criterionAfter: [Double], criterionReread: [Double], zeroGradients: [Int],
    epsilon: Double
  ) {
    self.training = training
    self.test = test
    self.perturbed = perturbed
    self.index = index
    self.succeeded = succeeded
    self.criterionBefore = criterionBefore
    self.criterionAfter = criterionAfter
    self.criterionReread = criterionReread
    self.zeroGradients = zeroGradients
    self.epsilon = epsilon
  }

  func validate() throws(QualityError) {
    guard perturbed.shape == training.shape else { throw .shapeMismatch(perturbed.shape, training.shape) }
    guard test.shape == training.shape else { throw .shapeMismatch(test.shape, training.shape) }
    let counts = [
      index.count, succeeded.count, criterionBefore.count, criterionAfter.count, criterionReread.count,
      zeroGradients.count,
    ]
    if let other = counts.first(where: { $0 != perturbed.count }) {
      throw .unequalCounts(other, perturbed.count)
    }
    if let outside = index.first(where: { !(0..<training.count).contains($0) }) {
      throw .noSuchSample(outside, count: training.count)
    }
  }
}
