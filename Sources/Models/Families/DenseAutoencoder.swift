import Torch

/// d → 128 sigmoid → d sigmoid, mean squared error, RMSprop with learning rate 0.0025 (Table 4; the authors' code).
public struct DenseAutoencoder: Autoencoder {
  public let architecture: Architecture
  let encoder: Linear
  let decoder: Linear

  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    encoder = Linear(architecture.sampleSize, architecture.code, &random)
    decoder = Linear(architecture.code, architecture.sampleSize, &random)
  }

  public var parameters: [NamedTensor] {
    encoder.parameters(under: "encoder") + decoder.parameters(under: "decoder")
  }

  public func encode(_ x: Tensor) -> Tensor { encoder(x.flattened()).sigmoid() }

  public func decode(_ code: Tensor) -> Tensor {
    decoder(code).sigmoid().reshaped([-1] + architecture.sampleShape)
  }

  public var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .rmsprop(learningRate: 0.0025)) { batch, _ in
        mseLoss(self(batch.samples), batch.targets)
      }
    ]
  }

  public var torchScript: String {
    """
    def encode(self, x):
      return torch.sigmoid(torch.linear(x.flatten(1), self.encoder_weight, self.encoder_bias))
    def decode(self, z):
      y = torch.sigmoid(torch.linear(z, self.decoder_weight, self.decoder_bias))
      return y.reshape([-1, \(architecture.sampleShape.map(String.init).joined(separator: ", "))])
    def forward(self, x):
      return self.decode(self.encode(x))
    """
  }
}

extension ModelFamily {
  public static let dense = ModelFamily(
    "dense-autoencoder", "d → 128 → d", outputs: [.reconstruction, .embedding], epochs: 20,
    usualCode: { _ in 128 }
  ) { DenseAutoencoder($0, &$1) }
}
