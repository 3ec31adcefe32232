import Formats
import Torch

extension TrainableModel {
  /// Writes a file for `torch.export.load`, whole or not at all: `forward`, for batches of any size, and beside it as
  /// programs of their own the other methods that take samples.
  public func writeExportedProgram(to path: String) throws {
    let named = (parameters.map { ($0, true) } + buffers.map { ($0, false) })
    var members: [(name: String, data: [UInt8])] = []
    func add(_ name: String, _ data: [UInt8]) { members.append(("model/\(name)", data)) }
    func add(_ name: String, json: JSON.Value) throws { add(name, Array(try JSON.encoder().encode(json))) }
    for (place, (tensor, _)) in named.enumerated() {
      add("data/weights/weight_\(place)", HostArray(tensor.tensor.floats).bytes)
    }
    let weights = named.enumerated().map { place, entry in
      (
        entry.0.name,
        JSON.Value.object([
          "path_name": .value("weight_\(place)"), "is_param": .value(entry.1), "use_pickle": .value(false),
          "tensor_meta": ExportedText.meta(entry.0.tensor.shape, .float32, requiresGrad: entry.1),
        ])
      )
    }
    let config = JSON.Value.object(["config": .object(Dictionary(uniqueKeysWithValues: weights))])
    for (name, layers) in methods where layers.first?.name == parts.first?.name {
      let program = name == "forward" ? "model" : name
      var text = ExportedText(named)
      try add("models/\(program).json", json: text.program(ScriptMethod(layers), sampleShape))
      try add("data/weights/\(program)_weights_config.json", json: config)
      try add("data/constants/\(program)_constants_config.json", json: .object(["config": .object([:])]))
      // Example inputs, which PyTorch keeps pickled; none is what it takes for none.
      add("data/sample_inputs/\(program).pt", [])
    }
    for (name, text) in [
      ("archive_format", "pt2"), ("archive_version", "0"), ("byteorder", "little"), (".data/version", "6"),
    ] { add(name, Array(text.utf8)) }
    try AtomicFile.write(ZipArchive.encode(members, alignment: 64), to: path)
  }
}

/// The description of one program, as PyTorch's schema 8 has it.
private struct ExportedText {
  private let named: [(tensor: NamedTensor, isParameter: Bool)]
  private var values: [String: JSON.Value] = [:]
  /// Of two samples and their results, with which the calls are tried.
  private var tried: [Tensor] = []

  init(_ named: [(NamedTensor, Bool)]) { self.named = named.map { ($0.0, $0.1) } }

  private static let batch = JSON.Value.object([
    "as_expr": .object([
      "expr_str": .value("Symbol('s0', positive=True, integer=True)"),
      "hint": .object(["as_int": .value(2)]),
    ])
  ])

  /// - Parameter isBatch: whether the first length is that of the batch.
  static func meta(
    _ shape: [Int], _ dtype: DataType, requiresGrad: Bool = false, isBatch: Bool = false
  ) -> JSON.Value {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    func length(_ number: Int) -> JSON.Value { .object(["as_int": .value(number)]) }
    return .object([
      "dtype": .value(dtype == .int64 ? 5 : 7),
      "sizes": .list(shape.enumerated().map { isBatch && $0 == 0 ? batch : length($1) }),
      "strides": .list(strides.map(length)), "storage_offset": length(0),
      "requires_grad": .value(requiresGrad), "layout": .value(7),
      "device": .object(["type": .value("cpu"), "index": .number(nil)]),
    ])
  }

  private static func tensor(_ name: String) -> JSON.Value {
    .object(["as_tensor": .object(["name": .value(name)])])
  }

  private static func input(_ named: (tensor: NamedTensor, isParameter: Bool)) -> String {
    (named.isParameter ? "p_" : "b_") + named.tensor.name.replacing(".", with: "_")
  }

  mutating func program(_ method: ScriptMethod, _ sampleShape: [Int]) throws -> JSON.Value {
    for entry in named {
      values[Self.input(entry)] = Self.meta(
        entry.tensor.tensor.shape, .float32, requiresGrad: entry.isParameter)
    }
    let device = named.first?.tensor.tensor.device ?? .cpu
    tried = [Tensor.zeros([2] + sampleShape, device: device)]
    values["h0"] = Self.meta(tried[0].shape, .float32, isBatch: true)
    let nodes = try method.calls.map { try node($0) }
    guard case .value(let last) = method.present else { throw TorchError.unexpectedResult("no result") }
    let specs = named.map { entry in
      let argument = JSON.Value.object(["name": .value(Self.input(entry))])
      let name = JSON.Value.value(entry.tensor.name)
      return JSON.Value.object(
        entry.isParameter
          ? ["parameter": .object(["arg": argument, "parameter_name": name])]
          : ["buffer": .object(["arg": argument, "buffer_name": name, "persistent": .value(true)])])
    }
    let output = Self.tensor("h\(last)")
    let graph = JSON.Value.object([
      "inputs": .list(named.map { Self.tensor(Self.input($0)) } + [Self.tensor("h0")]),
      "outputs": .list([output]), "nodes": .list(nodes), "tensor_values": .object(values),
      "sym_int_values": .object([:]), "sym_bool_values": .object([:]), "sym_float_values": .object([:]),
      "custom_obj_values": .object([:]), "is_single_tensor_return": .value(false),
    ])
    return .object([
      "graph_module": .object([
        "graph": graph,
        "signature": .object([
          "input_specs": .list(specs + [.object(["user_input": .object(["arg": Self.tensor("h0")])])]),
          "output_specs": .list([.object(["user_output": .object(["arg": output])])]),
        ]),
        "module_call_graph": .list([
          .object([
            "fqn": .value(""),
            "signature": .object([
              "inputs": .list([]), "outputs": .list([]), "in_spec": .value(Self.arguments),
              "out_spec": .value("[1, \(Self.leaf)]"), "forward_arg_names": .value(["x"]),
            ]),
          ])
        ]),
        "metadata": .object([:]), "treespec_namedtuple_fields": .object([:]),
      ]),
      "opset_version": .object(["aten": .value(10)]),
      "range_constraints": .object(["s0": .object(["min_val": .value(2), "max_val": .number(nil)])]),
      "schema_version": .object(["major": .value(8), "minor": .value(20)]),
      "verifiers": .value(["TRAINING"]), "torch_version": .value(LibTorch.version),
      "guards_code": .list([]),
    ])
  }

  /// One argument, and none by name.
  private static let arguments =
    #"[1, {"type": "builtins.tuple", "context": "null", "children_spec": ["#
    + #"{"type": "builtins.tuple", "context": "null", "children_spec": [\#(leaf)]}, "#
    + #"{"type": "builtins.dict", "context": "[]", "children_spec": []}]}]"#
  private static let leaf = #"{"type": null, "context": null, "children_spec": []}"#

  private mutating func node(_ call: ScriptMethod.Call) throws -> JSON.Value {
    let target = "torch.ops.aten.\(call.name).\(call.overload.isEmpty ? "default" : call.overload)"
    let called = try ExportedOperator(target)
    var given: [Value] = []
    var isOfBatch = false
    let inputs = try zip(called.arguments, call.arguments).map { declared, argument in
      let (text, value) = try self.argument(argument)
      given.append(value)
      if case .value = argument { isOfBatch = true }
      return JSON.Value.object(["name": .value(declared.name), "arg": text, "kind": .value(1)])
    }
    guard case .tensor(let result)? = try withoutGrad({ try called.operation.call(given) }).first else {
      throw TorchError.unexpectedResult("\(target) gave no tensor")
    }
    let name = "h\(tried.count)"
    tried.append(result)
    values[name] = Self.meta(result.shape, result.dtype, isBatch: isOfBatch && result.dtype != .int64)
    return .object([
      "target": .value(target), "inputs": .list(inputs), "outputs": .list([Self.tensor(name)]),
      "metadata": .object([:]), "name": .value(name), "is_hop_single_tensor_return": .number(nil),
    ])
  }

  private func argument(_ argument: ScriptMethod.Argument) throws -> (JSON.Value, Value) {
    switch argument {
    case .value(let number): return (Self.tensor("h\(number)"), .tensor(tried[number]))
    case .tensor(let name):
      guard let entry = named.first(where: { $0.tensor.name == name }) else {
        throw TorchError.unexpectedResult("there is no tensor \(name)")
      }
      return (Self.tensor(Self.input(entry)), .tensor(entry.tensor.tensor))
    case .int(let number): return (.object(["as_int": .value(number)]), .int(number))
    case .ints(let list): return (.object(["as_ints": .value(list)]), .ints(list))
    case .double(let number): return (.object(["as_float": .value(number)]), .double(number))
    case .bool(let truth): return (.object(["as_bool": .value(truth)]), .bool(truth))
    case .type(let type):
      return (.object(["as_scalar_type": .value(type == .int64 ? 5 : 7)]), .int(Int(type.rawValue)))
    case .absent: return (.object(["as_none": .value(true)]), .none)
    }
  }
}
