/// A program that `torch.export` made, as `models/NAME.json` has it.
///
/// Source: PyTorch's `torch/_export/serde/schema.py` (schema 8), and
/// https://docs.pytorch.org/docs/stable/export/pt2_archive.html.
package struct ExportedProgram: Sendable {
  package let graph: ExportedGraph
  package let inputs: [Input]
  /// The places among the graph's outputs of those that the user gets; the others are new values of buffers.
  package let userOutputs: [Int]
  /// A name for each of the user's outputs: positions and keys joined by dots, empty for a tensor alone.
  package let outputNames: [String]
  /// The names of the arguments of `forward`.
  package let argumentNames: [String]
  /// The lengths that a symbol may stand for.
  package let ranges: [String: ClosedRange<Int>]
  /// All submodules, in the order of the file.
  package let submodules: [String]
  /// Conditions on its arguments that the program was made under, as Python.
  package let guards: [String]
  package let torchVersion: String

  /// What one of the graph's inputs is.
  package enum Input: Sendable, Equatable {
    case parameter(String)
    case buffer(String)
    case constant(String)
    /// A tensor of the caller's.
    case user
    /// An argument that was fixed when the program was made.
    case fixed
  }
}

extension ExportedProgram {
  /// The greatest schema that is read, but for its minor number.
  private static let schemaVersion = 8

  /// Reads what is known of a program and refuses what cannot be run with correct gradients.
  ///
  /// - Parameter refuse: makes an error of what is wrong.
  init(_ file: ExportedProgramFile.Contents, refuse: (String) -> FormatError) throws(FormatError) {
    let version = file.schema_version
    guard version.major == Self.schemaVersion else {
      throw refuse(
        "has schema version \(version.major).\(version.minor), \(Self.schemaVersion) is read: save it again with "
          + (version.major < Self.schemaVersion ? "PyTorch 2.9 or later" : "an earlier PyTorch"))
    }
    // Programs of inference have lost no_grad and detach: same values, other gradients.
    guard file.verifiers == ["TRAINING"] else {
      throw refuse(
        "was saved after run_decompositions(), which loses no_grad and detach, so that its gradients are not the "
          + "model's: save what torch.export.export returned")
    }
    graph = file.graph_module.graph
    let specs = file.graph_module.signature.input_specs
    guard specs.count == graph.inputs.count else {
      throw refuse("has \(graph.inputs.count) inputs and a signature of \(specs.count)")
    }
    var inputs: [Input] = []
    for spec in specs {
      switch spec.kind {
      case .known(let input): inputs.append(input)
      case .unknown(let kind):
        throw refuse("takes an input of the kind \(FormatError.quoted(kind)), which cannot be given")
      }
    }
    self.inputs = inputs
    let outputs = file.graph_module.signature.output_specs
    guard outputs.count == graph.outputs.count else {
      throw refuse("has \(graph.outputs.count) outputs and a signature of \(outputs.count)")
    }
    userOutputs = outputs.indices.filter { outputs[$0].isUser }
    let calls = file.graph_module.module_call_graph
    let signature = calls.first { $0.fqn.isEmpty }?.signature
    let tree = signature.flatMap {
      ExportedTree($0.out_spec, file.graph_module.treespec_namedtuple_fields ?? [:])
    }
    let names = tree?.leafNames ?? []
    let count = userOutputs.count
    outputNames = names.count == count ? names : count == 1 ? [""] : (0..<count).map { "\($0)" }
    argumentNames = signature?.forward_arg_names ?? []
    submodules = calls.map { String($0.fqn.prefix { $0 != "@" }) }.filter { !$0.isEmpty }
    ranges = file.range_constraints.compactMapValues { range in
      let (low, high) = (max(0, range.min_val ?? 0), range.max_val ?? .max)
      return low <= high ? low...high : nil
    }
    guards = file.guards_code ?? []
    torchVersion = file.torch_version ?? ""
  }
}

/// `models/NAME.json`, as far as it is read.
enum ExportedProgramFile {
  struct Contents: Decodable {
    let graph_module: Module
    let range_constraints: [String: Range]
    let schema_version: Version
    let verifiers: [String]
    let torch_version: String?
    let guards_code: [String]?
  }

  struct Version: Decodable {
    let major: Int
    let minor: Int
  }

  struct Range: Decodable {
    let min_val: Int?
    let max_val: Int?
  }

  struct Module: Decodable {
    let graph: ExportedGraph
    let signature: Signature
    let module_call_graph: [Call]
    let treespec_namedtuple_fields: [String: Fields]?
  }

  struct Fields: Decodable { let field_names: [String] }

  struct Call: Decodable {
    struct Signature: Decodable {
      let out_spec: String
      let forward_arg_names: [String]?
    }
    let fqn: String
    let signature: Signature?
  }

  struct Signature: Decodable {
    let input_specs: [InputSpec]
    let output_specs: [OutputSpec]
  }

  struct InputSpec: Decodable {
    enum Kind {
      case known(ExportedProgram.Input)
      case unknown(String)
    }
    private struct Name: Decodable {
      let parameter_name: String?
      let buffer_name: String?
      let tensor_constant_name: String?
    }
    private struct User: Decodable { let arg: ExportedArgument }
    let kind: Kind

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: ExportedArgument.Key.self)
      guard container.allKeys.count == 1, let key = container.allKeys.first else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "an input of one kind"))
      }
      func name() throws -> Name { try container.decode(Name.self, forKey: key) }
      switch key.stringValue {
      case "parameter": kind = .known(.parameter(try name().parameter_name ?? ""))
      case "buffer": kind = .known(.buffer(try name().buffer_name ?? ""))
      case "tensor_constant": kind = .known(.constant(try name().tensor_constant_name ?? ""))
      case "constant_input": kind = .known(.fixed)
      case "user_input":
        switch try container.decode(User.self, forKey: key).arg {
        case .tensor: kind = .known(.user)
        case .none, .int, .bool, .double, .string: kind = .known(.fixed)
        default: kind = .unknown("a number that calls choose")
        }
      default: kind = .unknown(key.stringValue)
      }
    }
  }

  struct OutputSpec: Decodable {
    let isUser: Bool
    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: ExportedArgument.Key.self)
      isUser = container.allKeys.contains { $0.stringValue == "user_output" }
    }
  }
}
