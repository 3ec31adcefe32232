import Dispatch

/// Reader of the images of a folder, decoded on all cores.
///
/// The first image decides whether samples are grey (`[height, width]`) or colour (`[height, width, 3]`); a grey image
/// among colour ones becomes three equal channels.
public struct ImageFolderReader: SampleReader, Sendable {
  /// What is read.
  public let folder: ImageFolder
  public let sampleShape: [Int]
  /// `.uint8`, or `.uint16` where images have 16 bits a sample.
  public let elementType: ElementType
  public var count: Int? { folder.files.count }
  private let width: Int
  private let height: Int
  private let channels: Int
  private var index = 0

  /// Lists the folder and looks at its first image.
  ///
  /// - Throws: as `ImageFolder` and `DecodedImage` do.
  public init(_ path: String) throws {
    folder = try ImageFolder(path)
    let first = try ImageFolderReader.image(folder, 0)
    (height, width, channels) = (first.height, first.width, first.channels)
    elementType = first.elementType
    sampleShape = first.shape
  }

  public mutating func next(_ maximum: Int) throws -> SampleBatch? {
    let samples = min(maximum, folder.files.count - index)
    guard samples > 0 else { return nil }
    let size = width * height * channels * elementType.size
    let start = index
    let reader = self
    var failures = [(any Error)?](repeating: nil, count: samples)
    let pixels = [UInt8](unsafeUninitializedCapacity: samples * size) { pixels, initialized in
      failures.withUnsafeMutableBufferPointer { failures in
        // Each iteration writes its own part of both buffers, and nothing else does.
        nonisolated(unsafe) let pixels = pixels
        nonisolated(unsafe) let failures = failures
        DispatchQueue.concurrentPerform(iterations: samples) { sample in
          let target = UnsafeMutableBufferPointer(rebasing: pixels[sample * size..<(sample + 1) * size])
          do {
            _ = target.initialize(from: try reader.pixels(of: start + sample))
          } catch {
            target.initialize(repeating: 0)
            failures[sample] = error
          }
        }
      }
      initialized = samples * size
    }
    if let failure = failures.lazy.compactMap(\.self).first { throw failure }
    index += samples
    return SampleBatch(
      values: HostArray(bytes: pixels, shape: [samples] + sampleShape, elementType: elementType),
      labels: folder.labels.map { Array($0[start..<start + samples]) })
  }

  private func pixels(of index: Int) throws -> [UInt8] {
    var image = try ImageFolderReader.image(folder, index)
    let name = "\(folder.path)/\(folder.files[index])"
    guard image.elementType == elementType else {
      throw FormatError(
        name, "has \(8 * image.elementType.size) bits a sample, the first image \(8 * elementType.size)")
    }
    guard image.channels <= channels else {
      throw FormatError(name, "is in colour, but the first image is grey")
    }
    if channels == 3 { image = image.inColour }
    guard image.width == width, image.height == height else {
      throw FormatError(
        name,
        "has \(image.width)×\(image.height) pixels, the first image \(width)×\(height): resize them to one size first"
      )
    }
    return image.bytes
  }

  private static func image(_ folder: ImageFolder, _ index: Int) throws -> DecodedImage {
    try DecodedImage(FileBytes(mapping: "\(folder.path)/\(folder.files[index])"))
  }
}
