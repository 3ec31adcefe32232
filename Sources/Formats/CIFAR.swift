/// Reader of the binary version of CIFAR-10 and CIFAR-100, gzipped or not.
///
/// Records of label bytes (CIFAR-10: the class; CIFAR-100: the coarse, then the fine class) and 3×32×32 pixels: the red
/// plane row by row, then green, then blue. Source: Krizhevsky's CIFAR page. There is no header, so the number of
/// records is known only where the file's size is.
public struct CIFARReader: SampleReader {
  /// Which of the two sets.
  public enum Version: Sendable {
    /// One label a record.
    case cifar10
    /// Labels are the fine classes.
    case cifar100

    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
    var classes: Int { self == .cifar10 ? 10 : 100 }
  }

  public let sampleShape = [3, 32, 32]
  /// Bytes.
  public let elementType = ElementType.uint8
  public let count: Int?
  private let version: Version
  private let stream: ByteStream
  private let file: String
  private var index = 0

  /// - Throws: `FormatError` if an uncompressed file's size is not a whole number of records.
  public init(_ file: FileBytes, version: Version) throws {
    self.version = version
    self.file = file.name
    stream = try ByteStream(file)
    let size = 3072 + version.labelBytes
    guard stream.isCompressed || file.count % size == 0 else {
      throw FormatError(file.name, at: .byte(file.count), "does not end with a whole record of \(size) bytes")
    }
    count = stream.isCompressed ? nil : file.count / size
  }

  /// The version of a file, by its size and, where that fits both, by its classes; what is gzipped is taken for CIFAR-10.
  public static func version(of file: FileBytes) throws -> Version {
    guard !file.hasPrefix([0x1f, 0x8b]) else { return .cifar10 }
    func fits(_ version: Version) -> Bool {
      let size = 3072 + version.labelBytes
      return file.count % size == 0
        && stride(from: 0, to: file.count, by: size).allSatisfy {
          let label = Int(file.bytes(in: $0 + version.labelBytes - 1..<$0 + version.labelBytes)[0])
          return label < version.classes
        }
    }
    return fits(.cifar10) || !fits(.cifar100) ? .cifar10 : .cifar100
  }

  public mutating func next(_ maximum: Int) throws -> SampleBatch? {
    let size = 3072 + version.labelBytes
    let bytes: [UInt8]
    do {
      // Compressed data must not be believed before they are there, so not too much is asked for at once.
      bytes = try stream.readToEnd(atMost: min(maximum, 1 << 16) * size)
    } catch {
      throw FormatError(file, at: .record(index), error.problem)
    }
    guard !bytes.isEmpty else { return nil }
    let samples = bytes.count / size
    guard samples * size == bytes.count else {
      throw FormatError(
        file, at: .record(index + samples), "is cut short: \(bytes.count - samples * size) of \(size) bytes")
    }
    var labels: [Int] = []
    var pixels: [UInt8] = []
    pixels.reserveCapacity(samples * 3072)
    for start in stride(from: 0, to: bytes.count, by: size) {
      let label = Int(bytes[start + version.labelBytes - 1])
      guard label < version.classes else {
        throw FormatError(file, at: .record(index + labels.count), "has class \(label) of \(version.classes)")
      }
      labels.append(label)
      pixels += bytes[start + version.labelBytes..<start + size]
    }
    index += samples
    return SampleBatch(
      values: HostArray(bytes: pixels, shape: [samples] + sampleShape, elementType: .uint8), labels: labels)
  }
}
