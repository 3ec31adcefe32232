import Formats
import Foundation
import Torch

/// A model on disk: one safetensors file with parameters and buffers by name and, in its metadata, the architecture. A
/// checkpoint of a training in progress also holds the optimizers' state, the steps done and the epoch.
///
/// Python reads it with `safetensors.torch.load_file`.
public struct Checkpoint: Sendable {
  /// The model.
  public var model: any TrainableModel
  /// The state of a ``Trainer``; empty once training is over.
  public var training: [NamedTensor]
  /// The epochs done.
  public var epoch: Int

  /// A checkpoint of a model, with what its training needs to go on.
  public init(_ model: any TrainableModel, training: [NamedTensor] = [], epoch: Int = 0) {
    self.model = model
    self.training = training
    self.epoch = epoch
  }

  /// The prefix of the training state's names.
  private static let trainingPrefix = "training."

  /// The file's bytes; the same model gives the same bytes.
  public func encoded() throws -> [UInt8] {
    let architecture = JSON.line(model.architecture)
    let tensors =
      model.tensors.map { ($0.name, HostArray($0.tensor.floats, shape: $0.tensor.shape)) }
      + training.map { (Self.trainingPrefix + $0.name, $0.tensor.hostArray) }
    return Safetensors.encode(
      tensors.map { (name: $0.0, array: $0.1) },
      metadata: ["architecture": architecture, "epoch": String(epoch)])
  }

  /// Writes the file whole or not at all.
  public func write(to path: String) throws { try AtomicFile.write(encoded(), to: path) }

  /// Reads a file that ``write(to:)`` wrote.
  /// - Throws: `FormatError` or ``ModelError/checkpoint(path:_:)`` where it is damaged or holds another model.
  public static func read(_ path: String, device: Device = .cpu) throws -> Checkpoint {
    try Checkpoint(Safetensors.open(path), path: path, device: device)
  }

  /// Reads what ``encoded()`` gave; `path` names it in errors.
  public init(decoding bytes: [UInt8], path: String, device: Device = .cpu) throws {
    try self.init(SafetensorsFile(FileBytes(bytes, name: path)), path: path, device: device)
  }

  private init(_ file: SafetensorsFile, path: String, device: Device) throws {
    guard let text = file.metadata["architecture"],
      let architecture = try? JSON.decoder.decode(Architecture.self, from: Data(text.utf8))
    else {
      throw ModelError.checkpoint(
        path: path, "no architecture in its metadata: not a checkpoint of this program")
    }
    guard architecture.sampleShape.allSatisfy({ 1...100_000 ~= $0 }), architecture.sampleSize <= 100_000_000,
      1...1_000_000 ~= architecture.code, 2...100_000 ~= architecture.classes ?? 2
    else { throw ModelError.checkpoint(path: path, "its architecture has impossible sizes") }
    guard ModelFamilies.all.contains(where: { $0.name == architecture.family }) else {
      throw ModelError.checkpoint(path: path, "\(ModelError.unknown(architecture.family))")
    }
    let model = try architecture.makeModel(seed: 0, device: device)
    for own in model.tensors {
      let array = try file.array(own.name)
      guard array.shape == own.tensor.shape else {
        throw ModelError.checkpoint(
          path: path, "'\(own.name)' has the shape \(array.shape), the model needs \(own.tensor.shape)")
      }
      withoutGrad { own.tensor.assign(Tensor(array.floats(), array.shape).to(device)) }
    }
    let known = Set(model.tensors.map(\.name))
    let training = try file.names.filter { !known.contains($0) }.map { name -> NamedTensor in
      guard name.hasPrefix(Self.trainingPrefix) else {
        throw ModelError.checkpoint(path: path, "'\(name)' is not a part of \(architecture.family)")
      }
      return NamedTensor(
        String(name.dropFirst(Self.trainingPrefix.count)), Tensor(try file.array(name)).to(device))
    }
    self.init(model, training: training, epoch: file.metadata["epoch"].flatMap(Int.init) ?? 0)
  }
}

extension Tensor {
  /// The elements as an array of the host, int64 or float32.
  public var hostArray: HostArray {
    dtype == .int64 ? HostArray(ints, shape: shape) : HostArray(floats, shape: shape)
  }

  /// A copy of an array of the host: integers as int64, everything else as float32.
  public init(_ array: HostArray) {
    if !array.elementType.isFloatingPoint, let values = array.integers() {
      self.init(values, array.shape)
    } else {
      self.init(array.floats(), array.shape)
    }
  }
}
