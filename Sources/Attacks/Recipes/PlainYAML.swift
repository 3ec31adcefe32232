import Yams

extension YAMLEncoder {
  /// A value as YAML with sorted keys, and with numbers as people and other programs write them: `0.05`. The encoder's own
  /// `5e-2` is a string to parsers of YAML 1.1, PyYAML among them.
  package static func plain(_ value: some Encodable) throws -> String {
    guard let node = try Yams.compose(yaml: YAMLEncoder().encode(value)) else { return "" }
    return try Yams.serialize(node: plain(node), sortKeys: true)
  }

  private static func plain(_ node: Node) -> Node {
    switch node {
    case .scalar(var scalar):
      guard node.tag == Tag(.float), let number = node.float, number.isFinite else { return node }
      let text = "\(number)"
      // YAML 1.1 asks for a point before an exponent as well.
      scalar.string = text.contains(".") ? text : text.replacing("e", with: ".0e")
      return .scalar(scalar)
    case .mapping(let mapping):
      return .mapping(
        Node.Mapping(mapping.map { ($0.key, plain($0.value)) }, mapping.tag, mapping.style))
    case .sequence(let sequence):
      return .sequence(Node.Sequence(sequence.map(plain), sequence.tag, sequence.style))
    case .alias: return node
    }
  }
}
