import Foundation

/// The safetensors format: an 8-byte header length, a JSON header, then each tensor's bytes.
///
/// Read memory-mapped, so that opening a file of any size costs only its header. Specification: the README of
/// Hugging Face's `safetensors` ("Format"); its rules are checked: a header of at most 100 MB, offsets that follow each
/// other without gap or overlap, and no byte left over.
public enum Safetensors {
  /// Largest header that is read, in bytes; the reference implementation has the same limit.
  package static let maximumHeaderSize = 100_000_000

  /// Opens a file: reads and checks its header, none of its tensors.
  public static func open(_ path: String) throws -> SafetensorsFile {
    try SafetensorsFile(FileBytes(mapping: path))
  }

  /// Writes tensors as a whole file, or none of it. The same arguments give the same bytes.
  public static func write(
    _ tensors: [(name: String, array: HostArray)], metadata: [String: String] = [:], to path: String
  ) throws(SystemError) {
    try AtomicFile.write(encode(tensors, metadata: metadata), to: path)
  }

  /// A whole file in memory. Tensors keep their order; metadata is sorted by key.
  ///
  /// - Precondition: names differ from each other and from `__metadata__`.
  public static func encode(
    _ tensors: [(name: String, array: HostArray)], metadata: [String: String] = [:]
  ) -> [UInt8] {
    var entries: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, array) in tensors {
      precondition(names.insert(name).inserted, "two tensors are named '\(name)'")
      let end = offset + array.bytes.count
      let shape = array.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(quoted(name)):{\"dtype\":\"\(code(of: array.elementType))\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    // Blanks up to a multiple of 8 align the first tensor, as the reference implementation does.
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)

    var file: [UInt8] = []
    file.reserveCapacity(8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
    file += header
    for (_, array) in tensors { file += array.bytes }
    return file
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static let codes: [(ElementType, String)] = [
    (.bool, "BOOL"), (.uint8, "U8"), (.int8, "I8"), (.uint16, "U16"), (.int16, "I16"), (.uint32, "U32"),
    (.int32, "I32"), (.uint64, "U64"), (.int64, "I64"), (.float16, "F16"), (.bfloat16, "BF16"),
    (.float32, "F32"),
    (.float64, "F64"),
  ]

  private static func code(of type: ElementType) -> String {
    codes.first { $0.0 == type }?.1 ?? ""
  }

  package static func elementType(of code: String) -> ElementType? {
    codes.first { $0.1 == code }?.0
  }
}
