import Torch

/// Encoder d → 1000 → 1000 → latent (ReLU, ReLU, sigmoid), mirrored decoder to sigmoid, discriminator
/// latent → 1000 → 1000 → 1 against the prior N(0, I) (Makhzani et al. 2015; Table 4; the authors' code). Mean squared
/// error, then cross-entropy for the discriminator and for the generator, Adam with learning rate 1e-4 each.
public struct AdversarialAutoencoder: Autoencoder {
  public let architecture: Architecture
  let encoder: [Linear]
  let decoder: [Linear]
  let discriminator: [Linear]

  /// Width of the hidden layers.
  public static let hidden = 1000

  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    let d = architecture.sampleSize, h = Self.hidden, z = architecture.code
    func layers(_ sizes: [Int]) -> [Linear] { zip(sizes, sizes.dropFirst()).map { Linear($0, $1, &random) } }
    encoder = layers([d, h, h, z])
    decoder = layers([z, h, h, d])
    discriminator = layers([z, h, h, 1])
  }

  public var parameters: [NamedTensor] {
    [("encoder", encoder), ("decoder", decoder), ("discriminator", discriminator)].flatMap { name, layers in
      layers.enumerated().flatMap { $0.element.parameters(under: "\(name).\($0.offset)") }
    }
  }

  private func stack(_ layers: [Linear], _ x: Tensor) -> Tensor {
    layers[2](layers[1](layers[0](x).relu()).relu())
  }

  public func encode(_ x: Tensor) -> Tensor { stack(encoder, x.flattened()).sigmoid() }

  public func decode(_ code: Tensor) -> Tensor {
    stack(decoder, code).sigmoid().reshaped([-1] + architecture.sampleShape)
  }

  public var objectives: [Objective] {
    let tensors = { (layers: [Linear]) in layers.flatMap { $0.parameters.map(\.tensor) } }
    let adam = OptimizerConfiguration.adam(learningRate: 1e-4)
    return [
      Objective("reconstruction", tensors(encoder) + tensors(decoder), adam) { batch, _ in
        mseLoss(self(batch.samples), batch.targets)
      },
      Objective("discriminator", tensors(discriminator), adam) { batch, random in
        let x = batch.samples
        let code = withoutGrad { encode(x) }
        let prior = Tensor(random.normal(code.count), code.shape).to(x.device)
        let judged = stack(discriminator, concatenated([prior, code]))
        let truth = concatenated([
          Tensor.full([x.shape[0], 1], 1, device: x.device), Tensor.zeros([x.shape[0], 1], device: x.device),
        ])
        return binaryCrossEntropy(logits: judged, truth)
      },
      Objective("generator", tensors(encoder), adam) { batch, _ in
        let x = batch.samples
        return binaryCrossEntropy(
          logits: stack(discriminator, encode(x)), Tensor.full([x.shape[0], 1], 1, device: x.device))
      },
    ]
  }

  public var torchScript: String {
    func stack(_ name: String, _ x: String) -> String {
      (0..<3).reduce(x) { inner, i in
        let layer = "torch.linear(\(inner), self.\(name)_\(i)_weight, self.\(name)_\(i)_bias)"
        return i < 2 ? "torch.relu(\(layer))" : layer
      }
    }
    return """
      def encode(self, x):
        return torch.sigmoid(\(stack("encoder", "x.flatten(1)")))
      def decode(self, z):
        y = torch.sigmoid(\(stack("decoder", "z")))
        return y.reshape([-1, \(architecture.sampleShape.map(String.init).joined(separator: ", "))])
      def forward(self, x):
        return self.decode(self.encode(x))
      """
  }
}

extension ModelFamily {
  public static let adversarial = ModelFamily(
    "adversarial-autoencoder", "d → 1000 → 1000 → 2 with a discriminator of the code",
    outputs: [.reconstruction, .embedding], epochs: 50,
    usualCode: { _ in 2 }
  ) { AdversarialAutoencoder($0, &$1) }
}
