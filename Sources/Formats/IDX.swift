/// Reader of IDX, the format of MNIST and its successors, gzipped or not.
///
/// Two zero bytes, a type code, the number of axes, each axis as a big-endian 32-bit number, then the elements,
/// big-endian. Source: the description on LeCun, Cortes and Burges' MNIST page.
public struct IDXReader: SampleReader {
  /// Sizes of all axes, the samples' first.
  public let shape: [Int]
  /// The type of the elements.
  public let elementType: ElementType
  private let stream: ByteStream
  private let file: FileBytes
  private var index = 0

  public var sampleShape: [Int] { Array(shape.dropFirst()) }
  public var count: Int? { shape[0] }

  /// Reads and checks the header.
  ///
  /// - Throws: `FormatError` if it is not one of IDX, or claims more than the file can hold.
  public init(_ file: FileBytes) throws {
    self.file = file
    stream = try ByteStream(file)
    let magic = try stream.read(4, "an IDX header")
    guard magic[0] == 0, magic[1] == 0, let type = IDXReader.elementType(of: magic[2]), magic[3] > 0 else {
      throw FormatError(file.name, at: .byte(0), "is not an IDX file (it begins with \(magic))")
    }
    guard magic[3] <= NPYHeader.maximumRank else {
      throw FormatError(
        file.name, at: .byte(3), "says it has \(magic[3]) axes; at most \(NPYHeader.maximumRank) are read")
    }
    elementType = type
    var shape: [Int] = []
    for _ in 0..<magic[3] {
      shape.append(try stream.read(4, "an IDX header").reduce(0) { $0 << 8 | Int($1) })
    }
    self.shape = shape
    guard let claimed = HostArray.byteCount(shape: shape, elementType: type),
      claimed <= stream.maximumRemaining
    else {
      throw FormatError(file.name, at: .byte(4), "says its shape is \(shape), more than the file can hold")
    }
    if let problem = HostArray.problem(ofSamples: shape) {
      throw FormatError(file.name, at: .byte(4), problem)
    }
  }

  public mutating func next(_ maximum: Int) throws -> SampleBatch? {
    guard index < shape[0] else {
      try stream.expectEnd()
      return nil
    }
    let samples = min(maximum, shape[0] - index)
    let size = sampleShape.reduce(elementType.size, *)
    var bytes: [UInt8]
    do {
      bytes = try stream.read(samples * size, "samples")
    } catch {
      throw FormatError(file.name, at: .record(index), error.problem)
    }
    bytes.reverseElements(ofSize: elementType.size)
    index += samples
    return SampleBatch(
      values: HostArray(bytes: bytes, shape: [samples] + sampleShape, elementType: elementType))
  }

  private static func elementType(of code: UInt8) -> ElementType? {
    switch code {
    case 0x08: .uint8
    case 0x09: .int8
    case 0x0B: .int16
    case 0x0C: .int32
    case 0x0D: .float32
    case 0x0E: .float64
    default: nil
    }
  }
}
