import Torch

/// A program that a user brings: TorchScript or torch.export's, with methods that take and give tensors.
public protocol ModelProgram: Sendable {
  /// The names of a method's arguments.
  /// - Throws: `TorchError` naming the methods there are, where this one is not among them.
  func argumentNames(_ method: String) throws -> [String]

  /// The tensors of a method's result, however deep in tuples, lists and dictionaries: each with its name, positions and
  /// keys joined by dots (`1.mean`); that of a tensor alone is empty.
  /// - Throws: `TorchError` with what failed.
  func tensors(_ method: String, _ arguments: [Value]) throws -> [(name: String, tensor: Tensor)]

  /// The type of a method's input.
  func inputType(_ method: String) -> DataType

  /// The dotted names of all submodules.
  var submoduleNames: [String] { get }

  /// What a submodule gives, as the method `forward` of a program of its own.
  func submodule(_ name: String, of method: String) throws -> any ModelProgram

  /// Whether a submodule takes the whole model's input, and not its own.
  var submodulesTakeWholeInput: Bool { get }

  /// What of it is taken otherwise than the file has it, one line each.
  var remarks: [String] { get }
}

extension Script: ModelProgram {
  /// The type of the first floating-point parameter or buffer: what the model computes in.
  public func inputType(_ method: String) -> DataType {
    let types = tensorNames.lazy.compactMap { (try? self.tensor($0))?.dtype }
    return types.first { $0.isFloatingPoint } ?? .float32
  }

  public func submodule(_ name: String, of method: String) throws -> any ModelProgram { try submodule(name) }
  public var submodulesTakeWholeInput: Bool { false }
  public var remarks: [String] { [] }
}
