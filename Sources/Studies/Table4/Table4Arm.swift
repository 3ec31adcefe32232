import Attacks
import Augmentation

/// What a model is trained on beside the original data: a row of Table 4's columns, or a control that the paper lacks.
public enum Table4Arm: Hashable, Sendable {
  /// The data alone.
  case original
  /// The data twice: what the doubled number of optimiser steps does without any new example.
  case repeated
  /// The paper's method.
  case mineUAE
  /// The paper's method with its published code's start and norms.
  case mineUAECode
  /// The paper's L2-UAE: the same criterion and solver, the distance of the reconstruction in the information's place.
  case l2UAE
  /// The paper's Gaussian augmentation: x + σ · N(0, I).
  case gaussian(sigma: Double)
  /// λ x + (1 − λ) z with λ uniform (Zhang et al. 2018 with α = 1), one mixture a sample.
  case mixup
  /// Classical adversarial examples: PGD that raises ‖x′ − Φ(x′)‖.
  case pgd
  /// Switching steps from noise, away from the original by exact information.
  case farNoise
  /// Switching steps from a mixture with another sample.
  case farMix

  /// Whether an example that fails the criterion f ≤ 0 is replaced by its original, as the paper does with UAEs.
  public var replacesFailures: Bool {
    switch self {
    case .mixup, .pgd: false
    default: true
    }
  }

  var isGaussian: Bool { if case .gaussian = self { true } else { false } }

  /// The recipe of the examples, where the arm has one; those of Algorithm 1 take the plan's parameters.
  func recipe(_ uae: Table4Plan.UAE) -> AttackSettings? {
    switch self {
    case .mineUAE, .l2UAE: uae.applied(to: Recipe.paper.attack)
    case .mineUAECode: uae.applied(to: Recipe.paperCode.attack)
    case .farNoise: Recipe.farNoise.attack
    case .farMix: Recipe.farMix.attack
    default: nil
    }
  }

  /// All that go by name; `ga-0.05` and the like stand for any σ.
  public static let named: [Table4Arm] = [
    .original, .repeated, .mineUAE, .mineUAECode, .l2UAE, .gaussian(sigma: 0.01), .gaussian(sigma: 0.001),
    .mixup, .pgd,
    .farNoise,
    .farMix,
  ]
}

extension Table4Arm: RawRepresentable, Codable {
  public var rawValue: String {
    switch self {
    case .original: "original"
    case .repeated: "repeated"
    case .mineUAE: "mine-uae"
    case .mineUAECode: "mine-uae-code"
    case .l2UAE: "l2-uae"
    case .gaussian(let sigma): "ga-\(sigma)"
    case .mixup: "mixup"
    case .pgd: "pgd"
    case .farNoise: "far-noise"
    case .farMix: "far-mix"
    }
  }

  public init?(rawValue: String) {
    if let arm = Self.named.first(where: { $0.rawValue == rawValue }) {
      self = arm
    } else if rawValue.hasPrefix("ga-"), let sigma = Double(rawValue.dropFirst(3)), sigma > 0, sigma <= 10 {
      self = .gaussian(sigma: sigma)
    } else {
      return nil
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let arm = Table4Arm(rawValue: name) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(name)' is no augmentation")
    }
    self = arm
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
