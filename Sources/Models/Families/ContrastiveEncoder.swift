import MutualInformation
import Torch

/// Learns an embedding from pairs of random views (SimCLR; Chen, Kornblith, Norouzi and Hinton 2020): an encoder, whose output
/// is the embedding, and a projector, whose output the contrastive loss compares and which is of no use afterwards.
public struct ContrastiveEncoder: TrainableModel {
  /// The family, and the sizes.
  public let architecture: Architecture
  /// Samples `[batch, …]` → embeddings `[batch, code]`.
  public private(set) var encoder: Sequential
  /// Embeddings → what is compared, `[batch, values]`.
  public private(set) var projector: Sequential
  /// How it is trained by ``objectives``.
  public var settings: ContrastiveSettings
  /// The processes that train it together.
  public var group: (any ProcessGroup)?
  private let optimizer: OptimizerConfiguration
  /// A second set of the batch norms of both parts, for third views: used in training alone.
  let secondNorms: [BatchNorm]

  init(
    _ architecture: Architecture, encoder: [any Layer], projector: [any Layer],
    optimizer: OptimizerConfiguration, temperature: Double = 0.5
  ) {
    self.architecture = architecture
    self.encoder = Sequential("encoder", encoder)
    self.projector = Sequential("projector", projector)
    self.optimizer = optimizer
    secondNorms = (self.encoder.norms + self.projector.norms).map { $0.copied() }
    settings = ContrastiveSettings(views: .usual(architecture.sampleShape))
    settings.temperature = temperature
  }

  public var parts: [Sequential] { [encoder, projector] }
  /// The embedding, and the projection that the loss compares.
  public var outputs: Set<Output> { [.embedding, .projection] }

  public func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    switch output {
    case .embedding: return encoder(x)
    case .projection: return projector(encoder(x))
    default: throw lacks(output)
    }
  }

  /// The same with its batch norms in the weights of the layers before them.
  public func frozen() -> any Model {
    var copy = self
    copy.encoder = encoder.folded()
    copy.projector = projector.folded()
    return copy
  }

  /// The channels of the first convolution, before its batch norm and its ReLU.
  public func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? {
    if let name { throw ModelError.noPart(self.name, name) }
    guard let first = encoder.layers.first as? Conv2d, first.stride == 1 else { return nil }
    return FirstConvolution(
      weight: first.weight, bias: first.bias ?? Tensor.zeros([first.weight.shape[0]], device: device),
      padding: first.padding, rectified: false, imageShape: sampleShape)
  }

  public var objectives: [Objective] {
    [
      Objective(
        "contrastive", parameters.map(\.tensor) + thirdNorms.flatMap(\.parameters).map(\.tensor), optimizer
      ) {
        batch, random in
        try settings.loss(self, batch, random)
      }
    ]
  }

  /// The batch norms that third views have to themselves.
  var thirdNorms: [BatchNorm] { settings.third?.hasOwnNorms == true ? secondNorms : [] }

  public var companions: [NamedTensor] {
    thirdNorms.enumerated().flatMap { number, norm in
      norm.tensors.map { NamedTensor("norm.\(number).\($0.name)", $0.tensor) }
    }
  }

  public var methods: [(name: String, layers: [Sequential])] {
    [("forward", [encoder]), ("project", [encoder, projector])]
  }
}
