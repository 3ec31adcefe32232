import Models
import Torch

/// f(x′) = logit_y − max_{j≠y} logit_j + κ, y the class that the model gives x: x′ is classified differently
/// (the paper's f_sup, untargeted; Carlini and Wagner 2017). It goes with ``Opposite`` similarities.
public struct Misclassification: Criterion {
  private let logits: @Sendable (Tensor) throws -> Tensor
  /// The margin κ ≥ 0 between the classes.
  public let kappa: Double

  /// - Parameter logits: `[batch, …]` → `[batch, classes]`, frozen, in evaluation mode.
  public init(kappa: Double = 0, logits: @escaping @Sendable (Tensor) throws -> Tensor) {
    self.logits = logits
    self.kappa = kappa
  }

  public func bind(_ originals: Tensor) throws -> any BoundCriterion {
    let classes = try withoutGrad { try logits(originals).argmax(1) }
    return Bound(logits: logits, classes: classes, kappa: kappa)
  }

  private struct Bound: BoundCriterion {
    let logits: @Sendable (Tensor) throws -> Tensor
    let classes: Tensor
    let kappa: Double

    func values(_ perturbed: Tensor) throws -> Tensor { classMargins(try logits(perturbed), classes) + kappa }
  }
}

extension RegisteredCriterion {
  static let misclassification = RegisteredCriterion(
    "misclassification", "the model names another class than for x", needs: .logits, seeksLikeness: true,
    settings: [.kappa]
  ) { model, choice in
    Misclassification(kappa: choice.real("kappa")) { try model.output(.logits, of: $0) }
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
