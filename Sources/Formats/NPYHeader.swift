/// The header of an NPY file: magic bytes, a version, and a dictionary in Python's notation.
///
/// Specification: `numpy.lib.format`. The dictionary is read by a parser of just what that writes; nothing is evaluated.
struct NPYHeader: Equatable {
  enum Content: Equatable {
    case numbers(ElementType)
    /// Words of so many characters, of four bytes (UTF-32) or one.
    case words(length: Int, wide: Bool)
    /// What is not read, with its code.
    case other(String)

    var elementType: ElementType? {
      guard case .numbers(let type) = self else { return nil }
      return type
    }
  }

  let shape: [Int]
  let content: Content
  let isBigEndian: Bool
  let isFortranOrder: Bool

  /// Largest header that is read, in bytes; numpy's own limit is 10,000.
  static let maximumSize = 10_000
  /// numpy's own limit.
  static let maximumRank = 64

  /// Reads a header, and leaves `stream` at the first element.
  ///
  /// - Throws: `FormatError` with the byte at which it is not a header, or why such an array is not read.
  init(_ stream: ByteStream, file: String) throws {
    let magic = try stream.read(8, "an NPY header")
    guard Array(magic[..<6]) == NPY.magic else { throw FormatError(file, at: .byte(0), "is not an NPY file") }
    guard (1...3).contains(magic[6]) else {
      throw FormatError(file, at: .byte(6), "has version \(magic[6]).\(magic[7]) of NPY; 1 to 3 are read")
    }
    let size = try stream.read(magic[6] == 1 ? 2 : 4, "an NPY header").reversed().reduce(0) {
      $0 << 8 | Int($1)
    }
    guard size <= NPYHeader.maximumSize else {
      throw FormatError(file, at: .byte(8), "says its header has \(size) bytes")
    }
    let start = stream.position
    var parser = PythonLiteral(try stream.read(size, "an NPY header"))
    guard let fields = parser.dictionary(), fields.count == 3, let code = fields["descr"]?.code,
      case .boolean(let isFortranOrder)? = fields["fortran_order"], case .tuple(let shape)? = fields["shape"]
    else {
      throw FormatError(file, at: .byte(start + parser.position), "is not the header of an NPY file")
    }
    let content = NPYHeader.content(of: code)
    guard shape.count <= NPYHeader.maximumRank,
      HostArray.byteCount(shape: shape, elementType: content.elementType ?? .float64) != nil
    else {
      throw FormatError(file, at: .byte(start), "has a shape of \(shape.count) axes that no array can have")
    }
    self.shape = shape
    self.content = content
    isBigEndian = code.hasPrefix(">")
    self.isFortranOrder = isFortranOrder && shape.count > 1
  }

  /// Why the elements are not read, where they are neither numbers nor words.
  var problem: String? {
    guard case .other(let code) = content else { return nil }
    if code.isEmpty { return "holds records of several fields; save plain arrays" }
    if code.hasSuffix("O") {
      return "holds pickled Python objects, which can run code and are never read; save a plain array"
    }
    let kinds: [Character: String] = [
      "c": "complex numbers", "M": "dates", "m": "spans of time", "V": "raw bytes",
    ]
    let kind = code.dropFirst().first.flatMap { kinds[$0] }.map { " (\($0))" } ?? ""
    return "has element type \(FormatError.quoted(code))\(kind), which is not supported"
  }

  private static func content(of code: String) -> Content {
    guard let order = code.first, "<>|=".contains(order) else { return .other(code) }
    if let type = NPY.codes.first(where: { $0.1 == code.dropFirst() })?.0 { return .numbers(type) }
    if let kind = code.dropFirst().first, "US".contains(kind), let length = Int(code.dropFirst(2)),
      (0...1 << 16).contains(length)
    {
      return .words(length: length, wide: kind == "U")
    }
    return .other(code)
  }
}

/// A parser of `{'key': value, …}` where values are strings, `True`, `False` and tuples of whole numbers.
private struct PythonLiteral {
  enum Value {
    case text(String), boolean(Bool), tuple([Int])
    /// A list, as records have it: what is in it is passed over.
    case list

    /// The element type's code; of records it is empty.
    var code: String? {
      switch self {
      case .text(let code): code
      case .list: ""
      default: nil
      }
    }
  }

  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func dictionary() -> [String: Value]? {
    var fields: [String: Value] = [:]
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = string(), take(":"), let value = value(), fields.updateValue(value, forKey: key) == nil
      else {
        return nil
      }
      guard take(",") || next == UInt8(ascii: "}") else { return nil }
    }
    skipBlanks()
    return position == bytes.count ? fields : nil
  }

  private mutating func value() -> Value? {
    if next == UInt8(ascii: "[") { return list() }
    if let text = string() { return .text(text) }
    if take("True") { return .boolean(true) }
    if take("False") { return .boolean(false) }
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      guard let number = number() else { return nil }
      numbers.append(number)
      guard take(",") || next == UInt8(ascii: ")") else { return nil }
    }
    return .tuple(numbers)
  }

  private mutating func list() -> Value? {
    var depth = 0
    repeat {
      if take("[") {
        depth += 1
      } else if take("]") {
        depth -= 1
      } else if next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") {
        guard string() != nil else { return nil }
      } else {
        position += 1
      }
      guard position < bytes.count else { return nil }
    } while depth > 0
    return .list
  }

  private mutating func string() -> String? {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    guard let end = bytes[(position + 1)...].firstIndex(of: quote) else { return nil }
    defer { position = end + 1 }
    return String(decoding: bytes[position + 1..<end], as: UTF8.self)
  }

  private mutating func number() -> Int? {
    skipBlanks()
    let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    defer {
      position += digits.count
      // Python 2 wrote long numbers with an L.
      if !digits.isEmpty, next == UInt8(ascii: "L") { position += 1 }
    }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private mutating func take(_ word: String) -> Bool {
    skipBlanks()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private var next: UInt8? {
    mutating get {
      skipBlanks()
      return position < bytes.count ? bytes[position] : nil
    }
  }

  private mutating func skipBlanks() {
    while position < bytes.count,
      bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\n")
    {
      position += 1
    }
  }
}
