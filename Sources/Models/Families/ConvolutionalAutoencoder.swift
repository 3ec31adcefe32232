import MutualInformation
import Torch

/// Conv 16 and 8 (5×5, ReLU), each followed by 2×2 max pooling; conv 8 and 16 (5×5, ReLU), each followed by 2×
/// up-sampling; conv to the channels (5×5, sigmoid); all "same". Binary cross-entropy, Adadelta (Table 4; the authors' code).
public struct ConvolutionalAutoencoder: Autoencoder {
  public let architecture: Architecture
  let first: Conv2d
  let second: Conv2d
  let third: Conv2d
  let fourth: Conv2d
  let last: Conv2d

  /// - Throws: ``ModelError/unsuitable(_:_:_:)`` where height or width is no multiple of 4.
  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) throws {
    let shape = architecture.sampleShape
    guard shape.count == 3 else {
      throw ModelError.unsuitable(architecture.family, shape, "it needs images, [channels, height, width]")
    }
    guard shape[1] % 4 == 0, shape[2] % 4 == 0 else {
      throw ModelError.unsuitable(architecture.family, shape, "height and width must be multiples of 4")
    }
    self.architecture = architecture
    first = Conv2d(shape[0], 16, kernel: 5, &random)
    second = Conv2d(16, architecture.code, kernel: 5, &random)
    third = Conv2d(architecture.code, 8, kernel: 5, &random)
    fourth = Conv2d(8, 16, kernel: 5, &random)
    last = Conv2d(16, shape[0], kernel: 5, &random)
  }

  public var parameters: [NamedTensor] {
    first.parameters(under: "encoder.0") + second.parameters(under: "encoder.1")
      + third.parameters(under: "decoder.0")
      + fourth.parameters(under: "decoder.1") + last.parameters(under: "decoder.2")
  }

  public func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? {
    if let name { throw ModelError.noPart(self.name, name) }
    return FirstConvolution(
      weight: first.weight, bias: first.bias, padding: first.padding, imageShape: sampleShape)
  }

  public func encode(_ x: Tensor) -> Tensor { maxPool2d(second(maxPool2d(first(x).relu(), 2)).relu(), 2) }

  public func decode(_ code: Tensor) -> Tensor { logits(code).sigmoid() }

  private func logits(_ code: Tensor) -> Tensor {
    last.afterDoubling(fourth.afterDoubling(third(code).relu()).relu())
  }

  public var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .adadelta(learningRate: 1)) { batch, _ in
        binaryCrossEntropy(logits: logits(encode(batch.samples)), batch.targets)
      }
    ]
  }

  public var torchScript: String {
    """
    def encode(self, x):
      h = torch.max_pool2d(torch.relu(torch.conv2d(x, self.encoder_0_weight, self.encoder_0_bias, padding=2)), [2, 2])
      return torch.max_pool2d(torch.relu(torch.conv2d(h, self.encoder_1_weight, self.encoder_1_bias, padding=2)), [2, 2])
    def decode(self, z):
      h = torch.relu(torch.conv2d(z, self.decoder_0_weight, self.decoder_0_bias, padding=2))
      h = h.repeat_interleave(2, 2).repeat_interleave(2, 3)
      h = torch.relu(torch.conv2d(h, self.decoder_1_weight, self.decoder_1_bias, padding=2))
      h = h.repeat_interleave(2, 2).repeat_interleave(2, 3)
      return torch.sigmoid(torch.conv2d(h, self.decoder_2_weight, self.decoder_2_bias, padding=2))
    def forward(self, x):
      return self.decode(self.encode(x))
    """
  }
}

extension ModelFamily {
  public static let convolutional = ModelFamily(
    "conv-autoencoder", "five convolutions, for images", outputs: [.reconstruction, .embedding], epochs: 20,
    usualCode: { _ in 8 }
  ) { try ConvolutionalAutoencoder($0, &$1) }
}
