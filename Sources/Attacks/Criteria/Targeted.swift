import Models
import Torch

/// f(x′) = max_{j≠y′} logit_j − logit_y′ + κ: x′ is classified as y′ (the paper's f_sup, targeted).
///
/// With y′ the class that the model gives x itself, x′ may be as unlike x as it can while the decision stays: an
/// unsupervised adversarial example of a classifier.
public struct Targeted: Criterion {
  private let logits: @Sendable (Tensor) throws -> Tensor
  /// y′; nil stands for the class that the model gives the original.
  public let target: Int?
  public let kappa: Double

  /// - Parameter logits: `[batch, …]` → `[batch, classes]`, frozen, in evaluation mode; more than `target` classes.
  public init(target: Int? = nil, kappa: Double = 0, logits: @escaping @Sendable (Tensor) throws -> Tensor) {
    self.logits = logits
    self.target = target
    self.kappa = kappa
  }

  public func bind(_ originals: Tensor) throws -> any BoundCriterion {
    let classes: Tensor
    if let target {
      let count = try withoutGrad { try logits(originals[0..<1]).shape[1] }
      guard 0..<count ~= target else { throw CriterionError.noSuchClass(target, count: count) }
      classes = Tensor([Int](repeating: target, count: originals.shape[0]), [originals.shape[0]]).to(
        originals.device)
    } else {
      classes = try withoutGrad { try logits(originals).argmax(1) }
    }
    return Bound(logits: logits, classes: classes, kappa: kappa)
  }

  private struct Bound: BoundCriterion {
    let logits: @Sendable (Tensor) throws -> Tensor
    let classes: Tensor
    let kappa: Double

    func values(_ perturbed: Tensor) throws -> Tensor {
      -classMargins(try logits(perturbed), classes) + kappa
    }
  }
}

/// Why a criterion cannot be used with a model.
public enum CriterionError: Error, Equatable, CustomStringConvertible {
  case noSuchClass(Int, count: Int)

  public var description: String {
    switch self {
    case .noSuchClass(let target, let count):
      "there is no class \(target): the model tells \(count) apart, from 0"
    }
  }
}

extension RegisteredCriterion {
  static let sameClass = RegisteredCriterion(
    "same-class", "the model names the same class as for x", needs: .logits, settings: [.kappa]
  ) { model, choice in
    Targeted(kappa: choice.real("kappa")) { try model.output(.logits, of: $0) }
  }

  static let targeted = RegisteredCriterion(
    "targeted", "the model names a given class", needs: .logits, seeksLikeness: true,
    settings: [.kappa, .required(integer: "target", in: 0...1_000_000, "y', the class, from 0")]
  ) { model, choice in
    Targeted(target: choice.integer("target"), kappa: choice.real("kappa")) {
      try model.output(.logits, of: $0)
    }
  }
}
