import Models
import Torch

/// f(x′) = ‖x − Φ(x)‖₂ − ‖x′ − Φ(x′)‖₂ + κ: the model rebuilds x′ worse than it rebuilds x. This is the classical
/// adversarial example of an autoencoder, the opposite of a UAE.
public struct BreaksReconstruction: Criterion {
  private let model: @Sendable (Tensor) throws -> Tensor
  /// The margin κ ≥ 0 by which the error must grow.
  public let kappa: Double

  /// - Parameter model: Φ, frozen, in evaluation mode; output shaped like the input.
  public init(kappa: Double = 0, model: @escaping @Sendable (Tensor) throws -> Tensor) {
    self.model = model
    self.kappa = kappa
  }

  /// - Parameter model: one that has a reconstruction.
  public init(_ model: any Model, kappa: Double = 0) {
    self.init(kappa: kappa) { try model.output(.reconstruction, of: $0) }
  }

  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    let originals = tile.originals
    let clean = try withoutGrad { (originals - (try model(originals))).sampleNorms() }
    return Bound(model: model, threshold: clean + kappa)
  }

  private struct Bound: BoundCriterion {
    let model: @Sendable (Tensor) throws -> Tensor
    let threshold: Tensor

    func values(_ perturbed: Tensor) throws -> Tensor {
      threshold - (perturbed - (try model(perturbed))).sampleNorms()
    }
  }
}

extension RegisteredCriterion {
  static let brokenReconstruction = RegisteredCriterion(
    "broken-reconstruction", "the model rebuilds x' worse than it rebuilds x", needs: .reconstruction,
    seeksLikeness: true, settings: [.kappa]
  ) { BreaksReconstruction($0.model, kappa: $1.real("kappa")) }
}
