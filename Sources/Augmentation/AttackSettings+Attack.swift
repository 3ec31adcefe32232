import Attacks
import Models
import MutualInformation
import Torch

extension AttackSettings {
  /// The attack on an autoencoder by its reconstructions.
  /// - Throws: ``RecipeError`` where the model has no convolution and views by convolution are asked for.
  public func makeAttack(on model: any Autoencoder, seed: UInt64) throws -> Attack {
    Attack(
      criterion: Reconstruction(model, kappa: kappa), similarity: try makeSimilarity(model, seed: seed), solver: solver,
      seed: seed)
  }

  private func makeSimilarity(_ model: any Autoencoder, seed: UInt64) throws -> any Similarity {
    switch similarity {
    case .exact: return ExactInformation()
    case .l2: return Distance()
    case .mine: throw RecipeError("MINE is not available")
    }
  }
}
