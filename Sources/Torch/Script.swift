import CTorch

/// A TorchScript model: a user's file, or one of ours on its way out.
// Sendable unchecked: LibTorch's interpreter may run one frozen module on many threads.
public final class Script: @unchecked Sendable {
  private let raw: ct_script

  private init(owning raw: ct_script) { self.raw = raw }
  deinit { Library.api.script_release(raw) }

  private static func make(
    _ body: (ct_api, inout ct_script?, inout UnsafeMutablePointer<CChar>?) -> Int32
  ) throws -> Script {
    var out: ct_script?
    try checked { body($0, &out, &$1) }
    guard let out else { throw TorchError.unexpectedResult("no module was made") }
    return Script(owning: out)
  }

  /// Loads a file written by `torch.jit.save`.
  /// - Throws: ``TorchError/native(_:)`` where the file is not TorchScript or is damaged.
  public static func load(_ path: String, device: Device = .cpu) throws -> Script {
    try make { $0.script_load(path, device.type, Int32(device.index), &$1, &$2) }
  }

  /// An empty module to add parameters and methods to.
  public static func create(_ name: String) throws -> Script { try make { $0.script_create(name, &$1, &$2) } }

  /// Adds a copy of a tensor, as a parameter or as a buffer.
  public func register(_ name: String, _ tensor: Tensor, isParameter: Bool = true) throws {
    try checked { $0.script_register(raw, name, tensor.raw, isParameter ? 1 : 0, &$1) }
  }

  /// Makes another module a submodule of this one.
  public func register(_ name: String, _ module: Script) throws {
    try checked { $0.script_add_module(raw, name, module.raw, &$1) }
  }

  /// Adds methods from TorchScript source.
  public func define(_ source: String) throws { try checked { $0.script_define(raw, source + "\n", &$1) } }

  /// Writes a file for `torch.jit.load`.
  /// - Throws: ``TorchError/native(_:)`` where it cannot be written.
  public func save(_ path: String) throws { try checked { $0.script_save(raw, path, &$1) } }

  /// Evaluation mode for batch norm and dropout, and no gradients for parameters.
  public func freeze() throws { try checked { $0.script_freeze(raw, &$1) } }

  /// The submodule of a dotted name, such as `encoder.0`.
  public func submodule(_ name: String) throws -> Script {
    try Script.make { $0.script_submodule(raw, name, &$1, &$2) }
  }

  /// The dotted names of all submodules.
  public var submoduleNames: [String] { lines(Library.api.script_submodule_names(raw)) }

  /// The dotted names of all parameters and buffers.
  public var tensorNames: [String] { lines(Library.api.script_tensor_names(raw)) }

  /// A parameter or buffer, shared with the module.
  public func tensor(_ name: String) throws -> Tensor {
    var out: ct_tensor?
    try checked { $0.script_tensor(raw, name, &out, &$1) }
    guard let out else { throw TorchError.unexpectedResult("no tensor '\(name)'") }
    return Tensor(owning: out)
  }

  /// The names of a method's arguments, the object itself left out.
  /// - Throws: ``TorchError/native(_:)`` naming the methods there are, where this one is not among them.
  public func argumentNames(_ method: String = "forward") throws -> [String] {
    var text: UnsafeMutablePointer<CChar>?
    try checked { $0.script_arguments(raw, method, &text, &$1) }
    return lines(text)
  }

  /// Calls a method.
  /// - Throws: ``TorchError/native(_:)`` with the message of the script's failure.
  public func call(_ method: String = "forward", _ arguments: [Value]) throws -> Value {
    let results = try withCValues(arguments) { values in
      try receive(capacity: 1) { results, count, api, message in
        api.script_call(raw, method, values.baseAddress, Int64(values.count), results, 1, &count, &message)
      }
    }
    return results.first ?? .none
  }

  /// Calls a method and gives the tensors of its result, however deep in tuples, lists, dictionaries and objects: each
  /// with its name, positions and keys joined by dots (`1.mean`); that of a tensor alone is empty.
  /// - Throws: ``TorchError/native(_:)`` with the message of the script's failure.
  public func tensors(_ method: String = "forward", _ arguments: [Value]) throws -> [(
    name: String, tensor: Tensor
  )] {
    var names: [String] = []
    let result = try withCValues(arguments) { values in
      try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: 1) { results -> Value in
        var count: Int64 = 0
        try checked {
          $0.script_call(
            raw, method, values.baseAddress, Int64(values.count), results.baseAddress, 1, &count, &$1)
        }
        guard count == 1 else { return .none }
        names = lines(results[0].name.map(UnsafeMutablePointer.init(mutating:)), keepsEmpty: true)
        return Value(taking: results[0])
      }
    }
    switch result {
    case .tensor(let tensor): return [("", tensor)]
    case .tensors(let list):
      return list.enumerated().map { (names.indices.contains($0) ? names[$0] : "\($0)", $1) }
    default: return []
    }
  }

  /// Calls a method that returns one tensor.
  public func callAsFunction(_ x: Tensor, method: String = "forward") throws -> Tensor {
    guard case .tensor(let result) = try call(method, [.tensor(x)]) else {
      throw TorchError.unexpectedResult("the model's '\(method)' did not return one tensor")
    }
    return result
  }

  private func lines(_ text: UnsafeMutablePointer<CChar>?, keepsEmpty: Bool = false) -> [String] {
    guard let text else { return [] }
    defer { Library.api.free(text) }
    return String(cString: text).split(separator: "\n", omittingEmptySubsequences: !keepsEmpty).map(
      String.init)
  }
}
