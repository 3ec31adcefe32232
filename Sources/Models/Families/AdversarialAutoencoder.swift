import Torch

/// Encoder d → 1000 → 1000 → latent (ReLU, ReLU, sigmoid), mirrored decoder to sigmoid, discriminator
/// latent → 1000 → 1000 → 1 against the prior N(0, I) (Makhzani et al. 2015; Table 4; the authors' code). Mean squared
/// error, then cross-entropy for the discriminator and for the generator, Adam with learning rate 1e-4 each.
public struct AdversarialAutoencoder: Autoencoder {
  /// The family, and the sizes.
  public let architecture: Architecture
  public let encoder: Sequential
  public let decoder: Sequential
  let discriminator: Sequential

  /// Width of the hidden layers.
  public static let hidden = 1000

  /// A fresh model.
  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    let d = architecture.sampleSize, h = Self.hidden, z = architecture.code
    func stack(_ sizes: Int...) -> [any Layer] {
      [
        Linear(sizes[0], sizes[1], &random), Activation.relu, Linear(sizes[1], sizes[2], &random),
        Activation.relu, Linear(sizes[2], sizes[3], &random),
      ]
    }
    encoder = Sequential("encoder", [Flatten()] + stack(d, h, h, z) + [Activation.sigmoid])
    decoder = Sequential(
      "decoder", stack(z, h, h, d) + [Activation.sigmoid, Unflatten(architecture.sampleShape)])
    discriminator = Sequential("discriminator", stack(z, h, h, 1))
  }

  public var parts: [Sequential] { [encoder, decoder, discriminator] }

  public var objectives: [Objective] {
    let tensors = { (part: Sequential) in part.parameters.map(\.tensor) }
    let adam = OptimizerConfiguration.adam(learningRate: 1e-4)
    return [
      Objective("reconstruction", tensors(encoder) + tensors(decoder), adam) { batch, _ in
        mseLoss(self(batch.samples), batch.targets)
      },
      Objective("discriminator", tensors(discriminator), adam) { batch, random in
        let x = batch.samples
        let code = withoutGrad { encode(x) }
        let prior = Tensor(random.normal(code.count), code.shape).to(x.device)
        let judged = discriminator(concatenated([prior, code]))
        let truth = concatenated([
          Tensor.full([x.shape[0], 1], 1, device: x.device), Tensor.zeros([x.shape[0], 1], device: x.device),
        ])
        return binaryCrossEntropy(logits: judged, truth)
      },
      Objective("generator", tensors(encoder), adam) { batch, _ in
        let x = batch.samples
        return binaryCrossEntropy(
          logits: discriminator(encode(x)), Tensor.full([x.shape[0], 1], 1, device: x.device))
      },
    ]
  }
}

extension ModelFamily {
  /// d → 1000 → 1000 → 2, with a discriminator of the code.
  public static let adversarial = ModelFamily(
    "adversarial-autoencoder", "d → 1000 → 1000 → 2 with a discriminator of the code",
    outputs: [.reconstruction, .embedding], epochs: 50,
    usualCode: { _ in 2 }
  ) { AdversarialAutoencoder($0, &$1) }
}
