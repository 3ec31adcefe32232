/// numpy's format of one array.
public enum NPY {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  static let codes: [(ElementType, String)] = [
    (.bool, "b1"), (.uint8, "u1"), (.int8, "i1"), (.uint16, "u2"), (.int16, "i2"), (.uint32, "u4"),
    (.int32, "i4"),
    (.uint64, "u8"), (.int64, "i8"), (.float16, "f2"), (.float32, "f4"), (.float64, "f8"),
  ]

  /// Reads a whole array.
  ///
  /// - Throws: `FormatError` if the file is damaged or holds anything but plain numbers.
  public static func read(_ path: String) throws -> HostArray {
    var reader = try NPYReader(FileBytes(mapping: path))
    return try reader.array()
  }

  /// Writes an array as a whole file, or none of it; `numpy.load` reads it.
  public static func write(_ array: HostArray, to path: String) throws(SystemError) {
    try AtomicFile.write(encode(array), to: path)
  }

  /// A whole file in memory (version 1.0, C order, little-endian). numpy has no bfloat16: it becomes float32.
  public static func encode(_ array: HostArray) -> [UInt8] {
    let array = array.elementType == .bfloat16 ? array.converted(to: .float32) : array
    let code = codes.first { $0.0 == array.elementType }?.1 ?? ""
    return encode(
      descriptor: (array.elementType.size == 1 ? "|" : "<") + code, shape: array.shape, bytes: array.bytes)
  }

  /// Reads an array of words, in row-major order.
  static func words(_ stream: ByteStream, file: String) throws -> [String] {
    let header = try NPYHeader(stream, file: file)
    guard case .words(let length, let wide) = header.content else {
      throw FormatError(file, at: .byte(0), header.problem ?? "holds numbers, not words")
    }
    let size = length * (wide ? 4 : 1)
    let count = header.shape.reduce(1, *)
    guard size > 0, !header.isFortranOrder else { return [String](repeating: "", count: min(count, 1 << 20)) }
    let (total, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { throw FormatError(file, at: .byte(0), "has a shape that no array can have") }
    var bytes = try stream.read(total, "\(count) words")
    if header.isBigEndian, wide { bytes.reverseElements(ofSize: 4) }
    return stride(from: 0, to: bytes.count, by: size).map { start in
      let word = bytes[start..<start + size]
      guard wide else { return String(decoding: word.prefix { $0 != 0 }, as: UTF8.self) }
      var scalars = String.UnicodeScalarView()
      for place in stride(from: start, to: start + size, by: 4) {
        let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
        guard value != 0 else { break }
        scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
      }
      return String(scalars)
    }
  }

  /// Words as an array of one axis.
  public static func encode(_ words: [String]) -> [UInt8] {
    let words = words.map { $0.unicodeScalars.map(\.value) }
    let length = max(1, words.map(\.count).max() ?? 1)
    let bytes = words.flatMap { word in
      (word + [UInt32](repeating: 0, count: length - word.count)).flatMap { scalar in
        withUnsafeBytes(of: scalar.littleEndian) { [UInt8]($0) }
      }
    }
    return encode(descriptor: "<U\(length)", shape: [words.count], bytes: bytes)
  }

  private static func encode(descriptor: String, shape: [Int], bytes: [UInt8]) -> [UInt8] {
    let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(axes)), }".utf8)
    // Elements begin at a multiple of 64 bytes.
    header += [UInt8](repeating: UInt8(ascii: " "), count: (64 - (10 + header.count + 1) % 64) % 64)
    header.append(UInt8(ascii: "\n"))
    return magic + [1, 0, UInt8(header.count & 0xff), UInt8(header.count >> 8)] + header + bytes
  }
}

/// Reader of NPY: samples are the indices of the first axis.
///
/// Streams what is in C order. An array in Fortran order has to be read whole, since its samples lie scattered.
public struct NPYReader: SampleReader {
  /// Sizes of all axes, the samples' first.
  public let shape: [Int]
  /// The type of the elements.
  public let elementType: ElementType
  private let header: NPYHeader
  private let stream: ByteStream
  private let file: String
  private var index = 0
  private var whole: HostArray?

  public var sampleShape: [Int] { Array(shape.dropFirst()) }
  public var count: Int? { shape.first ?? 1 }

  /// Reads and checks the header of a file, gzipped or not.
  public init(_ file: FileBytes) throws {
    try self.init(ByteStream(file), file: file.name)
  }

  init(_ stream: ByteStream, file: String) throws {
    let header = try NPYHeader(stream, file: file)
    guard case .numbers(let type) = header.content else {
      throw FormatError(file, at: .byte(0), header.problem ?? "holds words, not numbers")
    }
    self.header = header
    shape = header.shape
    elementType = type
    self.stream = stream
    self.file = file
    let claimed = HostArray.byteCount(shape: shape, elementType: elementType) ?? .max
    guard claimed <= stream.maximumRemaining else {
      throw FormatError(
        file, at: .byte(stream.position), "says its shape is \(shape), more than the file can hold")
    }
    if let problem = HostArray.problem(ofSamples: shape) {
      throw FormatError(file, at: .byte(stream.position), problem)
    }
  }

  /// The whole array, if nothing was read yet; else the rest of it.
  public mutating func array() throws -> HostArray {
    guard !shape.isEmpty else {
      let array = HostArray(bytes: try read(1, elementType.size), shape: [], elementType: elementType)
      try stream.expectEnd()
      return array
    }
    let rest = try next(max(1, shape[0])) ?? HostArray.empty(sampleShape, elementType).asBatch
    if try next(1) != nil {
      throw FormatError(file, at: .record(index), "more data follow than the header says")
    }
    return rest.values
  }

  public mutating func next(_ maximum: Int) throws -> SampleBatch? {
    guard let length = shape.first else {
      throw FormatError(file, "is a single number, not an array of samples")
    }
    guard index < length else {
      try stream.expectEnd()
      return nil
    }
    if header.isFortranOrder, whole == nil {
      let bytes = try read(length, shape.reduce(elementType.size, *))
      let reversed = HostArray(bytes: bytes, shape: shape.reversed(), elementType: elementType)
      whole = reversed.transposed(Array(shape.indices.reversed()))
    }
    let samples = min(maximum, length - index)
    defer { index += samples }
    let size = sampleShape.reduce(elementType.size, *)
    let bytes =
      try whole.map { Array($0.bytes[index * size..<(index + samples) * size]) }
      ?? read(samples, samples * size)
    return HostArray(bytes: bytes, shape: [samples] + sampleShape, elementType: elementType).asBatch
  }

  private func read(_ samples: Int, _ count: Int) throws -> [UInt8] {
    do {
      var bytes = try stream.read(count, "\(samples) samples")
      if header.isBigEndian { bytes.reverseElements(ofSize: elementType.size) }
      return bytes
    } catch {
      throw FormatError(file, at: .record(index), error.problem)
    }
  }
}

extension HostArray {
  static func empty(_ sampleShape: [Int], _ type: ElementType) -> HostArray {
    HostArray(bytes: [], shape: [0] + sampleShape, elementType: type)
  }

  var asBatch: SampleBatch { SampleBatch(values: self) }
}

extension [UInt8] {
  /// From big-endian to little-endian, or back.
  mutating func reverseElements(ofSize size: Int) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: count, by: size) { self[start..<start + size].reverse() }
  }
}
