/// A program's graph: inputs, nodes in the order in which they run, outputs; each value has a name and is set once.
package struct ExportedGraph: Sendable, Equatable {
  package let inputs: [ExportedArgument]
  package let outputs: [ExportedArgument]
  package let nodes: [ExportedNode]
  /// What the file says of its tensors, by name.
  package let tensors: [String: ExportedTensorType]
}

extension ExportedGraph: Decodable {
  private enum CodingKeys: String, CodingKey {
    case inputs, outputs, nodes
    case tensors = "tensor_values"
  }
}

/// One call of an operator.
package struct ExportedNode: Sendable, Equatable {
  /// What is called: `torch.ops.aten.conv2d.default`.
  package let target: String
  /// Arguments with the names of the operator's schema, which are empty for those of no schema.
  package let inputs: [(name: String, value: ExportedArgument)]
  package let outputs: [ExportedArgument]
  /// The names of the modules that the call is in, from the outermost (which has none) inwards.
  package let modules: [String]

  package static func == (a: ExportedNode, b: ExportedNode) -> Bool {
    a.target == b.target && a.outputs == b.outputs && a.modules == b.modules
      && a.inputs.elementsEqual(b.inputs) { $0.name == $1.name && $0.value == $1.value }
  }
}

extension ExportedNode: Decodable {
  private enum CodingKeys: CodingKey { case target, inputs, outputs, metadata }
  private struct Input: Decodable {
    let name: String
    let arg: ExportedArgument
  }
  private struct Metadata: Decodable { let nn_module_stack: String? }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    target = try container.decode(String.self, forKey: .target)
    inputs = try container.decode([Input].self, forKey: .inputs).map { ($0.name, $0.arg) }
    outputs = try container.decode([ExportedArgument].self, forKey: .outputs)
    let stack = try container.decodeIfPresent(Metadata.self, forKey: .metadata)?.nn_module_stack ?? ""
    // "key,name,class;…"; a module that is called again has "@1" after its name.
    modules = stack.split(separator: ";").compactMap { entry in
      let parts = entry.split(separator: ",", omittingEmptySubsequences: false)
      return parts.count >= 2 ? String(parts[1].prefix { $0 != "@" }) : nil
    }.filter { !$0.isEmpty }
  }
}

/// What a file says of a tensor.
package struct ExportedTensorType: Sendable, Equatable, Decodable {
  package let dtype: ExportedDataType
  package let sizes: [ExportedDimension]
}

/// A dimension's length.
package enum ExportedDimension: Sendable, Equatable {
  case fixed(Int)
  /// A length that calls choose, within the program's range for this name.
  case symbol(String)
  /// A length that follows from others.
  case expression(String)
}

extension ExportedDimension: Decodable {
  private enum CodingKeys: CodingKey { case as_int, as_expr }
  private struct Expression: Decodable { let expr_str: String }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let length = try container.decodeIfPresent(Int.self, forKey: .as_int) {
      self = .fixed(length)
      return
    }
    let text = try container.decode(Expression.self, forKey: .as_expr).expr_str
    // Symbol('s77', positive=True, integer=True)
    if let name = text.wholeMatch(of: /Symbol\('(\w+)'[^()]*\)/)?.1 {
      self = .symbol(String(name))
    } else {
      self = text.wholeMatch(of: /\w+/) == nil ? .expression(text) : .symbol(text)
    }
  }
}
