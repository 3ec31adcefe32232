import Models
import Torch

/// f(x′) = max_{j≠y′} logit_j − logit_y′ + κ: x′ is classified as y′ (the paper's f_sup, targeted). Samples that are of the
/// class y′ already are not attacked.
public struct Targeted: Criterion {
  private let choice: ClassChoice
  /// Which class x′ is to have.
  public let target: TargetClass
  /// κ ≥ 0, by how much its logit must be above all others.
  public let kappa: Double
  private let surrogate: Surrogate

  /// - Parameters:
  ///   - labels: one per sample of the set, from 0: the classes that the samples have.
  ///   - logits: `[batch, …]` → `[batch, classes]`, frozen, in evaluation mode.
  public init(
    _ target: TargetClass, kappa: Double = 0, classOf source: ClassSource = .automatic, labels: [Int]? = nil,
    surrogate: Surrogate = .margin, logits: @escaping @Sendable (Tensor) throws -> Tensor
  ) {
    choice = ClassChoice(logits: logits, source: source, labels: labels)
    self.target = target
    self.kappa = kappa
    self.surrogate = surrogate
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let (targets, isOfTarget) = try choice.targets(target, tile)
    return BoundClassCriterion(
      objective: ClassObjective(
        classes: targets, isTargeted: true, kappa: kappa, surrogate: surrogate, logits: choice.logits),
      skipped: isOfTarget)
  }
}

/// f(x′) = max_{j≠y} logit_j − logit_y + κ, y the class of x: x′ may be as unlike x as it can while the decision stays, an
/// unsupervised adversarial example of a classifier.
public struct SameClass: Criterion {
  private let choice: ClassChoice
  /// κ ≥ 0, by how much the class's logit must be above all others.
  public let kappa: Double

  /// - Parameters:
  ///   - labels: one per sample of the set, from 0.
  ///   - logits: `[batch, …]` → `[batch, classes]`, frozen, in evaluation mode.
  public init(
    kappa: Double = 0, classOf source: ClassSource = .prediction, labels: [Int]? = nil,
    logits: @escaping @Sendable (Tensor) throws -> Tensor
  ) {
    choice = ClassChoice(logits: logits, source: source, labels: labels)
    self.kappa = kappa
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let classes = try choice.classes(tile)
    return BoundClassCriterion(
      objective: ClassObjective(
        classes: classes, isTargeted: true, kappa: kappa, surrogate: .margin, logits: choice.logits))
  }
}

extension RegisteredCriterion {
  static let sameClass = RegisteredCriterion(
    "same-class", "the model names the class of x still", needs: .logits,
    settings: [.kappa, .classOf(.prediction)]
  ) { context, choice in
    SameClass(
      kappa: choice.real("kappa"), classOf: choice.word("classOf", usual: .prediction), labels: context.labels
    ) { [model = context.model] in try model.output(.logits, of: $0) }
  }

  static let targeted = RegisteredCriterion(
    "targeted", "the model names a given class", needs: .logits, seeksLikeness: true,
    settings: [
      .kappa, .classOf(.automatic), .surrogate,
      .required(
        text: "target", "y', the class: a number from 0, next, least-likely, or each (--target-key)"),
    ]
  ) { context, choice in
    Targeted(
      try targetClass(choice.text("target"), context), kappa: choice.real("kappa"),
      classOf: choice.word("classOf", usual: .automatic), labels: context.labels,
      surrogate: choice.word("surrogate", usual: .margin)
    ) { [model = context.model] in try model.output(.logits, of: $0) }
  }

  private static func targetClass(_ text: String, _ context: Context) throws -> TargetClass {
    switch text {
    case "next": return .next
    case "least-likely": return .leastLikely
    case "each":
      guard let targets = context.targets else {
        throw RecipeError("target is each, and no array of targets is given: --target-key names one")
      }
      return .each(targets)
    default:
      guard let number = Int(text), number >= 0 else {
        throw RecipeError("target is \(text); it must be a class from 0, next, least-likely or each")
      }
      return .one(number)
    }
  }
}
