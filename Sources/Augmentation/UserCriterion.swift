import Attacks
import Models
import Torch

/// What counts as a success against a model of the user's.
public struct UserCriterion: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// The output, shaped like the input, rebuilds the original no worse (``Reconstruction``).
    case reconstruction
    /// The output, a vector, stays within `tolerance` of the original's (``Embedding``).
    case embedding
    /// The output, logits, names the same class as for the original (``Targeted``).
    case sameClass = "same-class"
    /// The output, logits, names another class (``Misclassification``); x′ stays as alike as it can.
    case misclassification
    /// The output, logits, names the class `target` (``Targeted``); x′ stays as alike as it can.
    case targeted
    /// The output is a loss, which does not rise (``ExternalLoss``).
    case loss
  }

  public var kind: Kind
  /// The method of the script that gives the output.
  public var method: String
  public var target: Int?
  /// τ of ``Embedding``.
  public var tolerance: Double

  public init(_ kind: Kind, method: String = "forward", target: Int? = nil, tolerance: Double = 0.1) {
    self.kind = kind
    self.method = method
    self.target = target
    self.tolerance = tolerance
  }

  /// Whether x′ shall be as alike as it can (the paper's supervised direction).
  public var seeksLikeness: Bool { kind == .misclassification || kind == .targeted }

  /// The criterion on a model.
  /// - Throws: `ScriptError` where the model has no such method; ``RecipeError`` for `targeted` without a target.
  public func make(
    on model: ScriptModel, kappa: Double, norm: Reconstruction.Norm = .l2
  ) throws -> any Criterion {
    let method = method
    switch kind {
    case .reconstruction:
      return Reconstruction(kappa: kappa, norm: norm) { try model.reconstruction($0, method: method) }
    case .embedding: return Embedding(tolerance: tolerance) { try model.vectors($0, method: method) }
    case .sameClass: return Targeted(kappa: kappa) { try model.vectors($0, method: method) }
    case .misclassification: return Misclassification(kappa: kappa) { try model.vectors($0, method: method) }
    case .targeted:
      guard let target else {
        throw RecipeError("the criterion 'targeted' needs a target class; give --target")
      }
      return Targeted(target: target, kappa: kappa) { try model.vectors($0, method: method) }
    case .loss: return ExternalLoss(kappa: kappa, loss: try model.loss(method))
    }
  }

  /// What the criterion takes from the model, for tests of its behaviour.
  public func output(of model: ScriptModel) throws -> (Tensor) throws -> Tensor {
    switch kind {
    case .reconstruction: return { try model.reconstruction($0, method: method) }
    case .loss:
      let loss = try model.loss(method)
      return { try loss($0, $0) }
    default: return { try model.vectors($0, method: method) }
    }
  }
}

extension AttackSettings {
  /// The attack on a user's model.
  ///
  /// - Parameters:
  ///   - lattice: the values that the output's type can hold, where it is an integer type.
  ///   - views: the submodule whose output gives MINE its views; nil projects at random.
  ///   - samples: a few samples that the submodule is tried on.
  /// - Throws: `ScriptError`, ``RecipeError``.
  public func makeAttack(
    on model: ScriptModel, _ user: UserCriterion, lattice: Lattice?, views: String?, samples: Tensor,
    seed: UInt64
  ) throws -> Attack {
    let similarity = try makeSimilarity(views: views, of: model, samples: samples, seed: seed)
    let attack = Attack(
      criterion: try user.make(on: model, kappa: kappa, norm: criterionNorm),
      similarity: user.seeksLikeness ? Opposite(similarity) : similarity, solver: solver, seed: seed)
    return lattice.map(attack.on) ?? attack
  }

  private func makeSimilarity(
    views: String?, of model: ScriptModel, samples: Tensor, seed: UInt64
  ) throws -> any Similarity {
    if views != nil, similarity != .mine {
      throw RecipeError("views belong to the similarity mine; the similarity is \(similarity.rawValue)")
    }
    switch similarity {
    case .exact: return ExactInformation()
    case .l2: return Distance()
    case .mine:
      guard let views else {
        return try learnedInformation(projection(of: model.input.sampleShape, seed: seed))
      }
      return try learnedInformation(
        SubmoduleViews(model.submodule(views, samples: samples), samples: samples))
    }
  }
}
