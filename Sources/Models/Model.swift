import Formats
import MutualInformation
import Torch

/// What a model can give for a sample.
public enum Output: String, Codable, CaseIterable, Sendable {
  /// The sample rebuilt, `[batch] + sampleShape` in [0, 1].
  case reconstruction
  /// One value per class, `[batch, classes]`.
  case logits
  /// One vector per sample, `[batch, values]`.
  case embedding
  /// One vector per sample, `[batch, values]`, that a contrastive loss compares.
  case projection
  /// One value per sample, `[batch]`, which a model computes itself.
  case loss
}

/// What an attack or a measure may ask of any model, ours or the user's: frozen, in evaluation mode.
///
/// Samples come as `[batch] + sampleShape`, float32 or in the model's ``precision``, in [0, 1], on the model's device; what it
/// gives is of their type.
public protocol Model: Sendable {
  /// How messages name it: a file's path or a family's name.
  var name: String { get }
  /// The shape of one sample: `[channels, height, width]` or `[features]`.
  var sampleShape: [Int] { get }
  /// The outputs that it has.
  var outputs: Set<Output> { get }
  /// Where it runs, and samples must be.
  var device: Device { get }
  /// The type in which it is attacked: float64 where the model computes in that, else float32.
  var precision: DataType { get }

  /// An output of each sample, differentiable in `x`. No sample's output may depend on another.
  ///
  /// - Parameter original: the clean samples, for losses that compare with them.
  /// - Throws: ``ModelError/lacks(_:_:for:has:)``; what a user's model throws.
  func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor

  /// Views of a sample from inside the model: the output channels of the first convolution (`name` nil), or what the part
  /// of that name gives. Nil where there is no such convolution.
  ///
  /// - Parameter samples: a few samples `[count] + sampleShape` to try it on.
  /// - Throws: what says that there is no such part, or that it gives no views.
  func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)?

  /// 1 where the model reads a value and 0 where it does not, `[1] + sampleShape`; nil where it reads all.
  var readValues: Tensor? { get }

  /// SHA-256 of all that decides the outputs.
  func digest() throws -> String

  /// The same outputs to rounding, for as long as no weight changes, in less time where a model knows how.
  func frozen() -> any Model
}

extension Model {
  public var readValues: Tensor? { nil }
  public var precision: DataType { .float32 }
  public func frozen() -> any Model { self }

  /// An output that compares with nothing.
  public func output(_ output: Output, of x: Tensor) throws -> Tensor {
    try self.output(output, of: x, original: x)
  }

  /// Refuses a model that lacks an output.
  /// - Throws: ``ModelError/lacks(_:_:for:has:)``.
  public func require(_ output: Output, for purpose: String) throws {
    guard outputs.contains(output) else { throw lacks(output, for: purpose) }
  }

  /// What to say of an output that there is not.
  public func lacks(_ output: Output, for purpose: String = "this") -> ModelError {
    .lacks(name, output, for: purpose, has: Output.allCases.filter(outputs.contains))
  }
}

/// A batch as a step of training sees it.
public struct Batch: Sendable {
  /// `[batch, …]`.
  public var samples: Tensor
  /// What a model that rebuilds its input shall make of them, `[batch, …]`: the samples themselves, or the originals where
  /// the samples were changed.
  public var targets: Tensor
  /// Classes from 0, int64 `[batch]`, where the data have them.
  public var labels: Tensor?
  /// The samples' places in the epoch's data.
  public var indices: [Int]

  /// A batch of samples, with the classes and the places in the data where they are known.
  public init(_ samples: Tensor, labels: Tensor? = nil, indices: [Int]? = nil) {
    self.samples = samples
    targets = samples
    self.labels = labels
    self.indices = indices ?? Array(0..<samples.shape[0])
  }

  /// Some of its samples.
  func part(_ range: Range<Int>) -> Batch {
    var part = Batch(samples[range], labels: labels?[range], indices: Array(indices[range]))
    part.targets = targets[range]
    return part
  }

  /// These samples and others, one after the other; without classes unless both have them.
  public func appending(_ other: Batch) -> Batch {
    var both = Batch(
      concatenated([samples, other.samples]),
      labels: labels.flatMap { mine in other.labels.map { concatenated([mine, $0]) } },
      indices: indices + other.indices)
    both.targets = concatenated([targets, other.targets])
    return both
  }
}

/// The samples of an epoch, with classes where the data have them.
public struct TrainingData: Sendable {
  /// `[count, …]`.
  public var samples: Tensor
  /// Classes from 0, one per sample.
  public var labels: [Int]?
  /// What the samples were before they were changed, `[count, …]`; nil where they are as they were.
  public var targets: Tensor?

  /// Data to train on, with classes or with targets where a sample is not its own.
  public init(_ samples: Tensor, labels: [Int]? = nil, targets: Tensor? = nil) {
    self.samples = samples
    self.labels = labels
    self.targets = targets
  }

  /// How many samples there are.
  public var count: Int { samples.shape[0] }

  /// The samples at some places, as a batch.
  public func batch(_ indices: [Int]) -> Batch {
    var batch = Batch(
      samples.gathered(indices),
      labels: labels.map { all in Tensor(indices.map { all[$0] }, [indices.count]).to(samples.device) },
      indices: indices)
    if let targets { batch.targets = targets.gathered(indices) }
    return batch
  }

  /// These samples, a share of them drawn anew for each epoch in the form that something made of them, with what they are as targets:
  /// of such a pair contrastive learning takes one view each.
  ///
  /// - Parameter changed: what was made of each, `[count, …]`.
  public func seen(as changed: Tensor, share: Double, seed: UInt64, epoch: Int) -> TrainingData {
    let draws = RandomStream(seed: seed, purpose: .partner, index: epoch).uniform(count)
    let taken = Tensor(draws, [count]).to(samples.device) .< share
    return TrainingData(`where`(taken.perSample(like: samples), changed, samples), targets: samples)
  }

  /// These samples and others, one after the other; without classes unless both have them.
  public func appending(_ other: TrainingData) -> TrainingData {
    TrainingData(
      concatenated([samples, other.samples]),
      labels: labels.flatMap { mine in other.labels.map { mine + $0 } },
      targets: targets == nil && other.targets == nil
        ? nil : concatenated([targets ?? samples, other.targets ?? other.samples]))
  }
}

/// A model of ours: built from its architecture, trained by its objectives, written as a checkpoint.
///
/// Its ``parts`` are the one description of the network: parameters, buffers, the forward pass and the TorchScript form
/// come from their layers.
public protocol TrainableModel: Model, Module {
  /// The family and sizes that it was made of.
  var architecture: Architecture { get }
  /// The parts, in the order of a checkpoint; the first of them takes the samples.
  var parts: [Sequential] { get }
  /// What a training step minimises, one objective after the other.
  var objectives: [Objective] { get }
  /// What training moves besides the model and needs to go on; no part of the finished model.
  var companions: [NamedTensor] { get }
  /// Its methods, each some of the parts one after the other; `forward` is among them.
  var methods: [(name: String, layers: [Sequential])] { get }
}

extension TrainableModel {
  public var name: String { architecture.family }
  public var sampleShape: [Int] { architecture.sampleShape }
  /// Where its parameters are.
  public var device: Device { parameters.first?.tensor.device ?? .cpu }
  public var parameters: [NamedTensor] { parts.flatMap(\.parameters) }
  public var buffers: [NamedTensor] { parts.flatMap(\.buffers) }
  public var companions: [NamedTensor] { [] }

  /// The channels of the convolution that takes the samples, after its ReLU.
  public func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? {
    if let name { throw ModelError.noPart(self.name, name) }
    let layers = parts.first?.layers ?? []
    guard layers.count > 1, let first = layers[0] as? Conv2d, let bias = first.bias, first.stride == 1,
      case .relu? = layers[1] as? Activation
    else { return nil }
    return FirstConvolution(
      weight: first.weight, bias: bias, padding: first.padding, imageShape: sampleShape)
  }

  /// That of the bytes of its checkpoint.
  public func digest() throws -> String { SHA256.digest(of: try Checkpoint(self).encoded()) }
}

/// One loss, the parameters that it moves and how.
public struct Objective: Sendable {
  /// What messages and logs call it.
  public var name: String
  /// What it changes.
  public var parameters: [Tensor]
  /// How they are changed.
  public var optimizer: OptimizerConfiguration
  /// The authors' own; a training may multiply it by another.
  public var schedule: LearningRateSchedule
  /// The loss of a batch in training mode, a tensor without dimensions; random numbers, where the loss needs any, come
  /// from the stream. Running statistics move as it is computed.
  public var loss: @Sendable (_ batch: Batch, _ random: RandomStream) throws -> Tensor

  /// An objective of its parts.
  public init(
    _ name: String, _ parameters: [Tensor], _ optimizer: OptimizerConfiguration,
    schedule: LearningRateSchedule = .constant,
    loss: @escaping @Sendable (Batch, RandomStream) throws -> Tensor
  ) {
    self.name = name
    self.parameters = parameters
    self.optimizer = optimizer
    self.schedule = schedule
    self.loss = loss
  }
}
