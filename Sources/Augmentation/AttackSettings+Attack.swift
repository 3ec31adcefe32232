import Attacks
import Models
import MutualInformation
import Torch

extension AttackSettings {
  /// The attack on an autoencoder by its reconstructions.
  /// - Throws: ``RecipeError`` where the model has no convolution and views by convolution are asked for.
  public func makeAttack(on model: any Autoencoder, seed: UInt64) throws -> Attack {
    Attack(
      criterion: Reconstruction(model, kappa: kappa, norm: criterionNorm),
      similarity: try makeSimilarity(model, seed: seed),
      solver: solver, seed: seed)
  }

  private func makeSimilarity(_ model: any Autoencoder, seed: UInt64) throws -> any Similarity {
    switch similarity {
    case .exact: return ExactInformation()
    case .l2: return Distance()
    case .mine: return try learnedInformation(try makeViews(model, seed: seed))
    }
  }

  func learnedInformation(_ views: any SampleViews) throws -> LearnedInformation {
    try LearnedInformation(
      views: views,
      configuration: MINE.Configuration(
        hiddenUnits: mine.hidden, stepsPerIteration: mine.steps, learningRate: Float(mine.learningRate)))
  }

  private func makeViews(_ model: any Autoencoder, seed: UInt64) throws -> any SampleViews {
    let shape = model.architecture.sampleShape
    if mine.views != .projection, let convolution = model.firstConvolution {
      return FirstConvolution(
        weight: convolution.weight, bias: convolution.bias, padding: convolution.padding, imageShape: shape)
    }
    guard mine.views != .convolution else {
      throw RecipeError(
        "attack.mine.views: \(model.architecture.kind.rawValue) has no convolution; use 'projection'")
    }
    return projection(of: shape, seed: seed)
  }

  func projection(of shape: [Int], seed: UInt64) -> RandomProjection {
    RandomProjection(
      count: mine.projections, dimension: mine.projectedSize, sampleSize: shape.reduce(1, *), seed: seed)
  }
}
