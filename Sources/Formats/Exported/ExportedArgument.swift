/// An argument of a node as a file has it: an object with one member, whose name says what it is.
///
/// Source: PyTorch's `torch/_export/serde/schema.py`, `Argument` (schema 8).
package indirect enum ExportedArgument: Sendable, Equatable {
  case none
  case tensor(String)
  case tensors([String])
  case optionalTensors([String?])
  case int(Int)
  case ints([Int])
  case double(Double)
  case doubles([Double])
  case bool(Bool)
  case bools([Bool])
  case string(String)
  /// A number that the program computes, by name.
  case symbol(String)
  /// A list of numbers, some of which the program computes.
  case symbols([ExportedArgument])
  case scalarType(ExportedDataType)
  case memoryFormat(Int)
  case layout(Int)
  case device(String)
  case graph(ExportedGraph)
  /// What no program that can be run has, with its name in the file.
  case unsupported(String)
}

extension ExportedArgument: Decodable {
  /// Any key of an object.
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private struct Name: Decodable { let name: String }
  private struct Device: Decodable { let type: String }
  private struct Subgraph: Decodable { let graph: ExportedGraph }

  /// A float, or what stands for one that is not finite.
  private struct Real: Decodable {
    let value: Double
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Double.self) {
        self.value = value
        return
      }
      switch try container.decode(String.self) {
      case "NaN": value = .nan
      case "Infinity": value = .infinity
      case "-Infinity": value = -.infinity
      default: throw DecodingError.dataCorruptedError(in: container, debugDescription: "a float")
      }
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard container.allKeys.count == 1, let key = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "an argument of one kind"))
    }
    func get<T: Decodable>(_ type: T.Type = T.self) throws -> T { try container.decode(type, forKey: key) }
    switch key.stringValue {
    case "as_none": self = .none
    case "as_tensor": self = .tensor(try get(Name.self).name)
    case "as_tensors": self = .tensors(try get([Name].self).map(\.name))
    case "as_optional_tensor": self = try get()
    case "as_optional_tensors":
      self = .optionalTensors(
        try get([ExportedArgument].self).map { if case .tensor(let name) = $0 { name } else { nil } })
    case "as_int": self = .int(try get())
    case "as_ints": self = .ints(try get())
    case "as_float": self = .double(try get(Real.self).value)
    case "as_floats": self = .doubles(try get([Real].self).map(\.value))
    case "as_bool": self = .bool(try get())
    case "as_bools": self = .bools(try get())
    case "as_string": self = .string(try get())
    case "as_name": self = .symbol(try get())
    case "as_sym_int", "as_sym_float", "as_sym_bool": self = try get()
    case "as_sym_ints", "as_sym_floats", "as_sym_bools": self = .symbols(try get())
    case "as_scalar_type": self = .scalarType(try get())
    case "as_memory_format": self = .memoryFormat(try get())
    case "as_layout": self = .layout(try get())
    case "as_device": self = .device(try get(Device.self).type)
    case "as_graph": self = .graph(try get(Subgraph.self).graph)
    default: self = .unsupported(key.stringValue)
    }
  }
}

/// The type of a tensor's elements, numbered as torch.export does.
package struct ExportedDataType: RawRepresentable, Sendable, Equatable, Decodable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  private static let known: [Int: (name: String, aten: Int, size: Int)] = [
    1: ("uint8", 0, 1), 2: ("int8", 1, 1), 3: ("int16", 2, 2), 4: ("int32", 3, 4), 5: ("int64", 4, 8),
    6: ("float16", 5, 2), 7: ("float32", 6, 4), 8: ("float64", 7, 8), 9: ("complex32", 8, 4),
    10: ("complex64", 9, 8), 11: ("complex128", 10, 16), 12: ("bool", 11, 1), 13: ("bfloat16", 15, 2),
  ]

  /// ATen's number of the type; nil for types that are not read.
  package var aten: Int? { Self.known[rawValue]?.aten }
  /// Bytes an element.
  package var size: Int? { Self.known[rawValue]?.size }
  package var name: String { Self.known[rawValue]?.name ?? "type \(rawValue)" }
}
