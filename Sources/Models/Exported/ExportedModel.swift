import Formats
import Foundation
import Torch

/// A file of `torch.export.save`, ready to be called; each program in it is a method.
///
/// Its nodes call the operators that PyTorch called, in the same order, so that values and gradients are PyTorch's.
package struct ExportedModel: ModelProgram {
  package let remarks: [String]
  private let methods: [String: ExportedMethod]

  /// Opens a file; weights stay in it until they are used, where they are for the host.
  /// - Throws: `FormatError`, or `TorchError` for what cannot be run.
  package init(_ path: String, device: Device) throws {
    let archive = try ExportedArchive(FileBytes(mapping: path, isWritable: true))
    var methods: [String: ExportedMethod] = [:]
    var mended: Set<String> = []
    for (name, program) in archive.programs {
      let method = try ExportedMethod(program, archive.tensors[name] ?? [:], device)
      mended.formUnion(method.mended)
      methods[name] = method
    }
    self.methods = methods
    let guards = archive.programs.values.flatMap(\.guards)
    remarks =
      guards.prefix(1).map {
        "was exported for inputs with \(FormatError.oneLine($0.shortened))\(guards.count > 1 ? " and \(guards.count - 1) more conditions" : ""); "
          + "for others its outputs may be wrong, and that is not checked"
      }
      + (mended.isEmpty
        ? []
        : [
          "was exported in training mode: \(mended.sorted().joined(separator: " and ")) taken as in evaluation; to be "
            + "sure export model.eval()"
        ])
  }

  private init(_ method: ExportedMethod) {
    methods = ["forward": method]
    remarks = []
  }

  private func method(_ name: String) throws -> ExportedMethod {
    guard let method = methods[name] else {
      throw TorchError.native(
        "the model has no method '\(name)'; it has: \(methods.keys.sorted().joined(separator: ", "))")
    }
    return method
  }

  package func argumentNames(_ method: String) throws -> [String] { try self.method(method).argumentNames }

  package func inputType(_ method: String) -> DataType {
    methods[method]?.inputs.first.map { $0.dtype } ?? .float32
  }

  package func tensors(_ method: String, _ arguments: [Value]) throws -> [(name: String, tensor: Tensor)] {
    let method = try self.method(method)
    let tensors = arguments.compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
    guard tensors.count >= method.inputs.count else {
      throw TorchError.native(
        "it is missing value for argument '\(method.argumentNames.dropFirst(tensors.count).first ?? "")'")
    }
    guard tensors.count == method.inputs.count, tensors.count == arguments.count else {
      throw TorchError.native("it takes \(method.inputs.count) tensors, \(arguments.count) were given")
    }
    return zip(method.outputNames, try method.call(tensors)).compactMap { name, value in
      if case .tensor(let tensor) = value { (name, tensor) } else { nil }
    }
  }

  package var submoduleNames: [String] { Set(methods.values.flatMap(\.submodules)).sorted() }
  package var submodulesTakeWholeInput: Bool { true }

  package func submodule(_ name: String, of method: String) throws -> any ModelProgram {
    ExportedModel(try self.method(method).ending(after: name))
  }
}
