import Foundation

/// An open safetensors file: its header, checked, and its tensors on demand.
public struct SafetensorsFile: Sendable {
  /// What the header says of one tensor.
  public struct Entry: Sendable, Equatable {
    /// The type of the elements.
    public let elementType: ElementType
    /// Its sizes, the slowest axis first.
    public let shape: [Int]
    /// Where the tensor's bytes lie in the file.
    package let range: Range<Int>
  }

  /// Tensor names in the order of their bytes.
  public let names: [String]
  /// The free-form pairs that the file carries.
  public let metadata: [String: String]
  private let entries: [String: Entry]
  private let file: FileBytes

  /// Tensors of types that are not read, with the types' names; their places in the file are checked all the same.
  package let unread: [(name: String, type: String, shape: [Int])]

  /// What the header says of the tensor with this name.
  public subscript(name: String) -> Entry? { entries[name] }

  /// Reads one tensor.
  ///
  /// - Throws: `FormatError` if no tensor has this name.
  public func array(_ name: String) throws(FormatError) -> HostArray {
    let entry = try entry(name)
    return HostArray(bytes: file.bytes(in: entry.range), shape: entry.shape, elementType: entry.elementType)
  }

  /// Reads rows (indices of the first axis) of one tensor, and nothing else of it.
  ///
  /// - Throws: `FormatError` if no tensor has this name, or it has no such rows.
  public func rows(_ rows: Range<Int>, of name: String) throws(FormatError) -> HostArray {
    let entry = try entry(name)
    guard let length = entry.shape.first, rows.lowerBound >= 0, rows.upperBound <= length else {
      throw FormatError(file.name, at: .entry(name), "has shape \(entry.shape), not rows \(rows)")
    }
    let stride = length == 0 ? 0 : entry.range.count / length
    let start = entry.range.lowerBound
    return HostArray(
      bytes: file.bytes(in: start + rows.lowerBound * stride..<start + rows.upperBound * stride),
      shape: [rows.count] + entry.shape.dropFirst(), elementType: entry.elementType)
  }

  private func entry(_ name: String) throws(FormatError) -> Entry {
    if let (_, type, _) = unread.first(where: { $0.name == name }) {
      throw FormatError(
        file.name, at: .entry(name), "has element type \(FormatError.quoted(type)), which is not supported")
    }
    guard let entry = entries[name] else {
      let known =
        names.prefix(8).map(FormatError.quoted).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
      throw FormatError(file.name, "has no tensor \(FormatError.quoted(name)); it has: \(known)")
    }
    return entry
  }

  /// Reads and checks the header.
  ///
  /// - Throws: `FormatError` with the byte or tensor at which the file breaks a rule of the format.
  public init(_ file: FileBytes) throws {
    self.file = file
    guard let length = file.littleEndian(UInt64.self, at: 0) else {
      throw FormatError(file.name, at: .byte(0), "\(file.count) bytes are too few for a safetensors file")
    }
    guard length <= UInt64(min(file.count - 8, Safetensors.maximumHeaderSize)) else {
      throw FormatError(
        file.name, at: .byte(0), "says its header has \(length) bytes; \(file.count - 8) follow")
    }
    let dataStart = 8 + Int(length)
    let header: Header
    do {
      header = try JSONDecoder().decode(Header.self, from: Data(file.bytes(in: 8..<dataStart)))
    } catch {
      throw FormatError(file.name, at: .byte(8), "the header is not the JSON of a safetensors file")
    }
    metadata = header.metadata

    let dataCount = file.count - dataStart
    var end = 0
    var names: [String] = []
    var entries: [String: Entry] = [:]
    var unread: [(name: String, type: String, shape: [Int])] = []
    for (name, tensor) in header.tensors.sorted(by: {
      ($0.value.start, $0.value.end, $0.key) < ($1.value.start, $1.value.end, $1.key)
    }) {
      let place = FormatError.Position.entry(name)
      guard tensor.start == end, tensor.end >= tensor.start, tensor.end <= dataCount else {
        throw FormatError(
          file.name, at: place,
          "lies at \(tensor.start)–\(tensor.end) of \(dataCount) data bytes; \(end) was expected as its start"
        )
      }
      end = tensor.end
      guard let type = Safetensors.elementType(of: tensor.dtype) else {
        unread.append((name, tensor.dtype, tensor.shape))
        continue
      }
      guard HostArray.byteCount(shape: tensor.shape, elementType: type) == tensor.end - tensor.start else {
        throw FormatError(
          file.name, at: place,
          "has \(tensor.end - tensor.start) bytes, which is not what its shape \(tensor.shape) takes")
      }
      names.append(name)
      entries[name] = Entry(
        elementType: type, shape: tensor.shape, range: dataStart + tensor.start..<dataStart + end)
    }
    guard end == dataCount else {
      throw FormatError(file.name, at: .byte(dataStart + end), "\(dataCount - end) bytes belong to no tensor")
    }
    self.names = names
    self.entries = entries
    self.unread = unread
  }
}

/// The header as JSON has it: one object, whose keys are tensor names and `__metadata__`.
private struct Header: Decodable {
  struct Tensor {
    let dtype: String
    let shape: [Int]
    let start: Int
    let end: Int
  }

  struct Fields: Decodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var metadata: [String: String] = [:]
  var tensors: [String: Tensor] = [:]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for key in container.allKeys {
      if key.stringValue == "__metadata__" {
        metadata = try container.decode([String: String].self, forKey: key)
        continue
      }
      let fields = try container.decode(Fields.self, forKey: key)
      guard fields.data_offsets.count == 2 else {
        throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "two offsets")
      }
      tensors[key.stringValue] = Tensor(
        dtype: fields.dtype, shape: fields.shape, start: fields.data_offsets[0], end: fields.data_offsets[1])
    }
  }
}
