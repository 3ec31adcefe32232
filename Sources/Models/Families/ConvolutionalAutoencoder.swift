import Torch

/// Conv 16 and 8 (5×5, ReLU), each followed by 2×2 max pooling; conv 8 and 16 (5×5, ReLU), each followed by 2×
/// up-sampling; conv to the channels (5×5, sigmoid); all "same". Binary cross-entropy, Adadelta (Table 4; the authors' code).
public struct ConvolutionalAutoencoder: Autoencoder {
  /// The family, and the sizes.
  public let architecture: Architecture
  public let encoder: Sequential
  public let decoder: Sequential
  /// The decoder without its last sigmoid.
  private let logits: Sequential

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
    let (channels, code) = (shape[0], architecture.code)
    func convolution(_ inputs: Int, _ outputs: Int) -> Conv2d { Conv2d(inputs, outputs, kernel: 5, &random) }
    encoder = Sequential(
      "encoder",
      [
        convolution(channels, 16), Activation.relu, Pooling.max(2),
        convolution(16, code), Activation.relu, Pooling.max(2),
      ])
    logits = Sequential(
      "decoder",
      [
        convolution(code, 8), Activation.relu,
        DoubledConv2d(convolution(8, 16)), Activation.relu,
        DoubledConv2d(convolution(16, channels)),
      ])
    decoder = logits.followed(by: Activation.sigmoid)
  }

  public var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .adadelta(learningRate: 1)) { batch, _ in
        binaryCrossEntropy(logits: logits(encode(batch.samples)), batch.targets)
      }
    ]
  }
}

extension ModelFamily {
  /// Five convolutions, for images.
  public static let convolutional = ModelFamily(
    "conv-autoencoder", "five convolutions, for images", outputs: [.reconstruction, .embedding], epochs: 20,
    usualCode: { _ in 8 }
  ) { try ConvolutionalAutoencoder($0, &$1) }
}
