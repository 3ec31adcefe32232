import Models
import Torch

/// f(x′) = ‖x − Φ(x′)‖₂ − ‖x − Φ(x)‖₂ + κ: the model rebuilds the original from x′ no worse than from the original
/// itself (the paper's f_unsup; both errors are against the original x).
public struct KeepsReconstruction: Criterion {
  private let model: @Sendable (Tensor) throws -> Tensor
  /// The margin κ ≥ 0 by which the error must fall.
  public let kappa: Double
  /// How errors are measured.
  public let norm: Norm

  /// How an error is measured. With κ = 0 both have the same successes; the gradients differ in scale.
  public enum Norm: String, Codable, CaseIterable, Sendable {
    /// ‖·‖₂, as in the paper.
    case l2
    /// ‖·‖₂², as in the authors' code.
    case squaredL2 = "squared-l2"

    func callAsFunction(_ difference: Tensor) -> Tensor {
      switch self {
      case .l2: difference.sampleNorms()
      case .squaredL2: difference.flattened().square().sum(1)
      }
    }
  }

  /// - Parameter model: Φ, frozen, in evaluation mode; output shaped like the input.
  public init(kappa: Double = 0, norm: Norm = .l2, model: @escaping @Sendable (Tensor) throws -> Tensor) {
    self.model = model
    self.kappa = kappa
    self.norm = norm
  }

  /// - Parameter model: one that has a reconstruction.
  public init(_ model: any Model, kappa: Double = 0, norm: Norm = .l2) {
    self.init(kappa: kappa, norm: norm) { try model.output(.reconstruction, of: $0) }
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let originals = tile.originals
    let clean = try withoutGrad { norm(originals - (try model(originals))) }
    return Bound(model: model, norm: norm, originals: originals, threshold: clean - kappa)
  }

  private struct Bound: BoundCriterion {
    let model: @Sendable (Tensor) throws -> Tensor
    let norm: Norm
    let originals: Tensor
    let threshold: Tensor

    func values(_ perturbed: Tensor) throws -> Tensor {
      norm(originals - (try model(perturbed))) - threshold
    }
  }
}

extension RegisteredCriterion {
  static let reconstruction = RegisteredCriterion(
    "reconstruction", "the model rebuilds the original from x' no worse than from x", needs: .reconstruction,
    settings: [
      .kappa, .word("errorNorm", KeepsReconstruction.Norm.l2, "how a reconstruction's error is measured"),
    ]
  ) { KeepsReconstruction($0.model, kappa: $1.real("kappa"), norm: $1.word("errorNorm", usual: .l2)) }
}
