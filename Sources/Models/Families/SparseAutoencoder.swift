import Torch

/// d → 128 sigmoid → d sigmoid with a sparse code (Table 4; the authors' code): mean squared error
/// + 3 · mean KL(0.1 ‖ mean activation of the code) (weight 1 for colour images) + L1 activity 1e-7 on both outputs; Adam.
public struct SparseAutoencoder: Autoencoder {
  /// The family, and the sizes.
  public let architecture: Architecture
  public let encoder: Sequential
  public let decoder: Sequential

  /// A fresh model.
  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    let dense = DenseAutoencoder(architecture, &random)
    (encoder, decoder) = (dense.encoder, dense.decoder)
  }

  /// The target of the code's mean activation.
  public static let sparsity = 0.1
  /// The weight of the L1 activity penalty on each layer's output, per sample (as Keras counts it).
  public static let activityWeight = 1e-7

  /// The weight of the sparsity term.
  public var sparsityWeight: Double {
    architecture.sampleShape.count == 3 && architecture.sampleShape[0] == 3 ? 1 : 3
  }

  /// Mean over the code of KL(ρ ‖ ρ̂ⱼ), where ρ̂ⱼ is the batch's mean activation of unit j, clipped to [1e-10, 1].
  public static func sparsityPenalty(_ code: Tensor) -> Tensor {
    let rho = sparsity
    let mean = code.mean(0).clamped(1e-10...1)
    // The second logarithm's argument is kept off 0 as the first one's is.
    let rest = (1 - mean).clamped(1e-10...1)
    return ((rho / mean).log() * rho + ((1 - rho) / rest).log() * (1 - rho)).mean()
  }

  public var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .adam(learningRate: 1e-3)) { batch, _ in
        let x = batch.samples
        let code = encode(x)
        let output = decode(code)
        let activity = (code.abs().sum() + output.abs().sum()) / Double(x.shape[0])
        return mseLoss(output, batch.targets) + Self.sparsityPenalty(code) * sparsityWeight + activity
          * Self.activityWeight
      }
    ]
  }
}

extension ModelFamily {
  /// d → 128 → d with a sparse code.
  public static let sparse = ModelFamily(
    "sparse-autoencoder", "d → 128 → d with a sparse code", outputs: [.reconstruction, .embedding],
    epochs: 50,
    usualCode: { $0.count == 3 && $0[0] == 3 ? 256 : 128 }
  ) { SparseAutoencoder($0, &$1) }
}
