import Foundation

/// How a result's tensors lie in tuples, lists and dictionaries: PyTorch's "pytree" of a program's output.
struct ExportedTree {
  /// For each leaf the positions and keys that lead to it, joined by dots.
  let leafNames: [String]

  private struct Node: Decodable {
    let type: String?
    let context: String?
    let children_spec: [Node]
  }

  /// Results are nested a few deep.
  private static let maximumDepth = 32

  /// - Parameters:
  ///   - text: `[1, {"type": …, "context": …, "children_spec": […]}]`.
  ///   - fields: the members of named tuples, by the type's name.
  init?(_ text: String, _ fields: [String: ExportedProgramFile.Fields]) {
    struct Spec: Decodable {
      let root: Node
      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        _ = try list.decode(Int.self)
        root = try list.decode(Node.self)
      }
    }
    guard let spec = try? JSONDecoder().decode(Spec.self, from: Data(text.utf8)) else { return nil }
    var names: [String] = []
    guard Self.collect(spec.root, [], fields, &names) else { return nil }
    leafNames = names
  }

  private static func collect(
    _ node: Node, _ path: [String], _ fields: [String: ExportedProgramFile.Fields], _ names: inout [String]
  ) -> Bool {
    guard path.count < maximumDepth else { return false }
    guard node.type != nil else {
      names.append(path.joined(separator: "."))
      return true
    }
    let context = node.context ?? ""
    let keys = try? JSONDecoder().decode([String].self, from: Data(context.utf8))
    let plain = context.trimmingCharacters(in: ["\""])
    let named = [keys, fields[plain]?.field_names].compactMap { $0 }.first {
      $0.count == node.children_spec.count
    }
    for (place, child) in node.children_spec.enumerated()
    where !collect(child, path + [named?[place] ?? "\(place)"], fields, &names) { return false }
    return true
  }
}
