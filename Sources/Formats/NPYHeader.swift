/// The header of an NPY file: magic bytes, a version, and a dictionary in Python's notation.
///
/// Specification: `numpy.lib.format`. The dictionary is read by a parser of just what that writes; nothing is evaluated.
struct NPYHeader: Equatable {
  let shape: [Int]
  let elementType: ElementType
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
    guard let fields = parser.dictionary(), fields.count == 3, case .text(let code)? = fields["descr"],
      case .boolean(let isFortranOrder)? = fields["fortran_order"], case .tuple(let shape)? = fields["shape"]
    else {
      if parser.sawList {
        throw FormatError(file, at: .byte(start), "holds records of several fields; save plain arrays")
      }
      throw FormatError(file, at: .byte(start + parser.position), "is not the header of an NPY file")
    }
    guard let type = NPYHeader.elementType(of: code) else {
      let reason =
        code.hasSuffix("O")
        ? "holds pickled Python objects, which can run code and are never read; save a plain array"
        : "has element type \(FormatError.quoted(code)), which is not supported"
      throw FormatError(file, at: .byte(start), reason)
    }
    guard shape.count <= NPYHeader.maximumRank, HostArray.byteCount(shape: shape, elementType: type) != nil
    else {
      throw FormatError(file, at: .byte(start), "has a shape of \(shape.count) axes that no array can have")
    }
    self.shape = shape
    elementType = type
    isBigEndian = code.hasPrefix(">")
    self.isFortranOrder = isFortranOrder && shape.count > 1
  }

  private static func elementType(of code: String) -> ElementType? {
    guard let order = code.first, "<>|=".contains(order) else { return nil }
    return NPY.codes.first { $0.1 == code.dropFirst() }?.0
  }
}

/// A parser of `{'key': value, …}` where values are strings, `True`, `False` and tuples of whole numbers.
private struct PythonLiteral {
  enum Value { case text(String), boolean(Bool), tuple([Int]) }

  private let bytes: [UInt8]
  private(set) var position = 0
  /// Whether a value began as a list does, as record types do.
  private(set) var sawList = false

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
    if next == UInt8(ascii: "[") { sawList = true }
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

  private mutating func string() -> String? {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    guard let end = bytes[(position + 1)...].firstIndex(of: quote) else { return nil }
    defer { position = end + 1 }
    return String(decoding: bytes[position + 1..<end], as: UTF8.self)
  }

  private mutating func number() -> Int? {
    skipBlanks()
    let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    defer { position += digits.count }
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
