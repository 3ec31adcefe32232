import Torch

/// What a criterion asks of a model's classes, for solvers that look at single classes (``FAB``, ``APGD``).
public struct ClassObjective: Sendable {
  /// `[batch, …]` → `[batch, classes]`.
  public let logits: @Sendable (Tensor) throws -> Tensor
  /// y: the class of each row that x′ shall leave, or reach where the objective is targeted; int64 `[batch]`.
  public let classes: Tensor
  /// Whether x′ shall be of the class y instead of another.
  public let isTargeted: Bool
  /// What f needs to be below 0: κ, or the least positive number where that is 0, so that a tie between classes is no
  /// success.
  public let margin: Double
  /// The loss that gradients are of.
  public let surrogate: Surrogate
  /// What becomes of x′ before it is judged; nil for nothing.
  private var written: (@Sendable (Tensor) -> Tensor)?

  init(
    classes: Tensor, isTargeted: Bool, kappa: Double, surrogate: Surrogate,
    logits: @escaping @Sendable (Tensor) throws -> Tensor
  ) {
    self.logits = logits
    self.classes = classes
    self.isTargeted = isTargeted
    self.surrogate = surrogate
    margin = max(kappa, Double(Float.leastNormalMagnitude))
  }

  /// f of each row: logit_y − max_{j≠y} logit_j + κ, or its opposite + κ where y is the target.
  func values(of logits: Tensor) -> Tensor {
    let margins = classMargins(logits, classes)
    return (isTargeted ? -margins : margins) + margin
  }

  /// The surrogate of each row, which is made small.
  func loss(of logits: Tensor) -> Tensor {
    let loss = surrogate.loss(logits, classes)
    return isTargeted ? -loss : loss
  }

  /// f of x′ as it will be written.
  ///
  /// - Parameter logits: those of x′ itself.
  func values(at x: Tensor, logits: Tensor) throws -> Tensor {
    guard let written else { return values(of: logits) }
    return try withoutGrad { try values(of: self.logits(written(x))) }
  }

  /// The same where the logits of x′ itself are not at hand.
  func values(at x: Tensor) throws -> Tensor {
    try withoutGrad { try values(of: logits(written?(x) ?? x)) }
  }

  /// The same, judged by what becomes of x′ in a file.
  func judging(_ written: @escaping @Sendable (Tensor) -> Tensor) -> ClassObjective {
    var copy = self
    copy.written = written
    return copy
  }
}

/// A criterion about classes, bound to the samples of a tile.
struct BoundClassCriterion: BoundCriterion {
  let objective: ClassObjective
  var skipped: [Bool]?

  var classes: ClassObjective? { objective }

  func values(_ perturbed: Tensor) throws -> Tensor { objective.values(of: try objective.logits(perturbed)) }

  func valuesAndLoss(_ perturbed: Tensor) throws -> (values: Tensor, loss: Tensor) {
    let logits = try objective.logits(perturbed)
    let values = objective.values(of: logits)
    return (values, objective.surrogate == .margin ? values : objective.loss(of: logits))
  }
}

/// What stands for f while a solver descends; a success is judged by f alone.
public enum Surrogate: String, CaseIterable, Sendable {
  /// f itself (Carlini and Wagner 2017).
  case margin
  /// The negative cross-entropy, as in most implementations of projected gradient descent.
  case crossEntropy = "cross-entropy"
  /// The difference of logits ratio (Croce and Hein 2020), which no scale of the logits changes:
  /// (z_y − max_{j≠y} z_j) / (z₍₁₎ − z₍₃₎). Of two classes it is the margin.
  case dlr

  /// The loss of each row, which is small where the class y is left; `logits [batch, classes]`, `classes [batch]`.
  func loss(_ logits: Tensor, _ classes: Tensor) -> Tensor {
    switch self {
    case .margin: return classMargins(logits, classes)
    case .crossEntropy:
      return logits.logSoftmax(1).gathered(1, index: classes.unsqueezed(1)).reshaped([-1])
    case .dlr:
      guard logits.shape[1] > 2 else { return classMargins(logits, classes) }
      let sorted = logits.sorted(1)
      let spread = sorted.selected(1, 0) - sorted.selected(1, 2)
      return classMargins(logits, classes) / (spread + 1e-12)
    }
  }
}

/// logit_y − max_{j≠y} logit_j, `[batch]`; `logits [batch, classes]`, `classes [batch]`.
func classMargins(_ logits: Tensor, _ classes: Tensor) -> Tensor {
  let own = classes.unsqueezed(1)
  let count = logits.shape[1]
  let isOwn = own .== Tensor(Array(0..<count), [1, count]).to(logits.device)
  let others = `where`(isOwn, Tensor(-Float.infinity), logits)
  return logits.gathered(1, index: own).reshaped([-1]) - others.max(1)
}
