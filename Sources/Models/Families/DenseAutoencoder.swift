import Torch

/// d → 128 sigmoid → d sigmoid, mean squared error, RMSprop with learning rate 0.0025 (Table 4; the authors' code).
public struct DenseAutoencoder: Autoencoder {
  /// The family, and the sizes.
  public let architecture: Architecture
  public let encoder: Sequential
  public let decoder: Sequential

  /// A fresh model.
  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    let (d, code) = (architecture.sampleSize, architecture.code)
    encoder = Sequential("encoder", [Flatten(), Linear(d, code, &random), Activation.sigmoid])
    decoder = Sequential(
      "decoder", [Linear(code, d, &random), Activation.sigmoid, Unflatten(architecture.sampleShape)])
  }

  public var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .rmsprop(learningRate: 0.0025)) { batch, _ in
        mseLoss(self(batch.samples), batch.targets)
      }
    ]
  }
}

extension ModelFamily {
  /// d → 128 → d.
  public static let dense = ModelFamily(
    "dense-autoencoder", "d → 128 → d", outputs: [.reconstruction, .embedding], epochs: 20,
    usualCode: { _ in 128 }
  ) { DenseAutoencoder($0, &$1) }
}
