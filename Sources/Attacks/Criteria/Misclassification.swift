import Models
import Torch

/// f(x′) = logit_y − max_{j≠y} logit_j + κ: x′ is classified differently (the paper's f_sup, untargeted; Carlini and Wagner
/// 2017). y is the sample's label or the class that the model gives x. It goes with ``Opposite`` similarities.
public struct Misclassification: Criterion {
  private let choice: ClassChoice
  /// The margin κ ≥ 0 between the classes.
  public let kappa: Double
  private let surrogate: Surrogate

  /// - Parameters:
  ///   - labels: one per sample of the set, from 0.
  ///   - logits: `[batch, …]` → `[batch, classes]`, frozen, in evaluation mode.
  public init(
    kappa: Double = 0, classOf source: ClassSource = .automatic, labels: [Int]? = nil,
    surrogate: Surrogate = .margin, logits: @escaping @Sendable (Tensor) throws -> Tensor
  ) {
    choice = ClassChoice(logits: logits, source: source, labels: labels)
    self.kappa = kappa
    self.surrogate = surrogate
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let classes = try choice.classes(tile)
    return BoundClassCriterion(
      objective: ClassObjective(
        classes: classes, isTargeted: false, kappa: kappa, surrogate: surrogate, logits: choice.logits))
  }
}

extension RegisteredCriterion {
  static let misclassification = RegisteredCriterion(
    "misclassification", "the model names another class than that of x", needs: .logits, seeksLikeness: true,
    settings: [.kappa, .classOf(.automatic), .surrogate]
  ) { context, choice in
    Misclassification(
      kappa: choice.real("kappa"), classOf: choice.word("classOf", usual: .automatic), labels: context.labels,
      surrogate: choice.word("surrogate", usual: .margin)
    ) { [model = context.model] in try model.output(.logits, of: $0) }
  }
}
