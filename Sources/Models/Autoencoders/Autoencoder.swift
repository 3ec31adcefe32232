import Torch

/// A model that compresses a sample to a code and rebuilds it: Φ(x) = decode(encode(x)).
///
/// Inputs and outputs have the shape `[batch] + architecture.sampleShape` and the range [0, 1].
public protocol Autoencoder: Module {
  var architecture: Architecture { get }
  /// `[batch, …]` → the code, `[batch, code]` or `[batch, channels, height, width]`.
  func encode(_ x: Tensor) -> Tensor
  /// The code → `[batch, …]`.
  func decode(_ code: Tensor) -> Tensor
  /// What a training step minimises, one objective after the other.
  var objectives: [Objective] { get }
  /// The first convolution, whose output channels are natural views of a sample.
  var firstConvolution: Conv2d? { get }
  /// The source of `forward`, `encode` and `decode` in TorchScript; parameters are named with `_` for `.`.
  var torchScript: String { get }
}

extension Autoencoder {
  public func callAsFunction(_ x: Tensor) -> Tensor { decode(encode(x)) }
  public var firstConvolution: Conv2d? { nil }
}

/// One loss, the parameters that it moves and how.
public struct Objective: Sendable {
  public var name: String
  public var parameters: [Tensor]
  public var optimizer: OptimizerConfiguration
  /// The loss of a batch `[batch, …]`; random numbers, where the loss needs any, come from the stream.
  public var loss: @Sendable (_ batch: Tensor, _ random: RandomStream) -> Tensor

  public init(
    _ name: String, _ parameters: [Tensor], _ optimizer: OptimizerConfiguration,
    loss: @escaping @Sendable (Tensor, RandomStream) -> Tensor
  ) {
    self.name = name
    self.parameters = parameters
    self.optimizer = optimizer
    self.loss = loss
  }
}

/// The autoencoders of the paper's Table 4.
public enum AutoencoderKind: String, Codable, CaseIterable, Sendable {
  case sparse = "sparse-autoencoder"
  case dense = "dense-autoencoder"
  case convolutional = "conv-autoencoder"
  case adversarial = "adversarial-autoencoder"
}

/// All that is needed to build a model's layers: what `architecture.json` beside a checkpoint holds.
public struct Architecture: Codable, Equatable, Sendable {
  public var kind: AutoencoderKind
  /// The shape of one sample: `[channels, height, width]` or `[features]`.
  public var sampleShape: [Int]
  /// The length of the code; for the convolutional model the number of channels of the code.
  public var code: Int

  /// - Parameter code: by default the authors' choice for the data: 128 (sparse on colour images: 256), 8 channels,
  ///   2 (adversarial).
  public init(kind: AutoencoderKind, sampleShape: [Int], code: Int? = nil) {
    self.kind = kind
    self.sampleShape = sampleShape
    let colour = sampleShape.count == 3 && sampleShape[0] == 3
    switch kind {
    case .sparse: self.code = code ?? (colour ? 256 : 128)
    case .dense: self.code = code ?? 128
    case .convolutional: self.code = code ?? 8
    case .adversarial: self.code = code ?? 2
    }
  }

  /// The number of values in a sample.
  public var sampleSize: Int { sampleShape.reduce(1, *) }

  /// Builds the model with fresh parameters drawn from the seed.
  /// - Throws: ``ModelError`` where the samples' shape does not suit the model.
  public func makeModel(seed: UInt64) throws -> any Autoencoder {
    guard !sampleShape.isEmpty, sampleShape.allSatisfy({ $0 > 0 }), code > 0 else {
      throw ModelError.unsuitable(kind, sampleShape, "every length must be at least 1")
    }
    var random = ParameterInitializer(seed: seed)
    switch kind {
    case .sparse: return SparseAutoencoder(self, &random)
    case .dense: return DenseAutoencoder(self, &random)
    case .convolutional: return try ConvolutionalAutoencoder(self, &random)
    case .adversarial: return AdversarialAutoencoder(self, &random)
    }
  }
}

/// Why a model cannot be built, loaded or trained.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  case unsuitable(AutoencoderKind, [Int], String)
  case checkpoint(path: String, String)
  case diverged(epoch: Int, loss: Double)

  public var description: String {
    switch self {
    case .unsuitable(let kind, let shape, let why):
      return "\(kind.rawValue) does not take samples of shape \(shape): \(why)"
    case .checkpoint(let path, let why): return "\(path): \(why)"
    case .diverged(let epoch, let loss):
      return "training diverged in epoch \(epoch): the loss is \(loss); use a smaller learning rate"
    }
  }
}
