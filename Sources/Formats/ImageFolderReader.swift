import Dispatch

/// Reader of the images of a folder, decoded on all cores.
///
/// The first image decides whether samples are grey (`[height, width]`) or colour (`[height, width, 3]`); a grey image
/// among colour ones becomes three equal channels.
public struct ImageFolderReader: SampleReader, Sendable {
  public let folder: ImageFolder
  public let sampleShape: [Int]
  public let elementType = ElementType.uint8
  public var count: Int? { folder.files.count }
  private let width: Int
  private let height: Int
  private let channels: Int
  private let resizes: Bool
  private var index = 0

  /// Lists the folder and looks at its first image.
  ///
  /// - Parameter size: the height and width that every image is resized to; nil demands that all have the first one's.
  public init(_ path: String, size: (height: Int, width: Int)? = nil) throws {
    folder = try ImageFolder(path)
    let first = try ImageFolderReader.image(folder, 0)
    resizes = size != nil
    height = size?.height ?? first.height
    width = size?.width ?? first.width
    channels = first.channels
    sampleShape = channels == 1 ? [height, width] : [height, width, 3]
  }

  public mutating func next(_ maximum: Int) throws -> SampleBatch? {
    let samples = min(maximum, folder.files.count - index)
    guard samples > 0 else { return nil }
    let size = width * height * channels
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
      values: HostArray(bytes: pixels, shape: [samples] + sampleShape, elementType: .uint8),
      labels: folder.labels.map { Array($0[start..<start + samples]) })
  }

  private func pixels(of index: Int) throws -> [UInt8] {
    var image = try ImageFolderReader.image(folder, index)
    guard image.channels <= channels else {
      throw FormatError("\(folder.path)/\(folder.files[index])", "is in colour, but the first image is grey")
    }
    if channels == 3 { image = image.inColour }
    guard resizes || (image.width == width && image.height == height) else {
      throw FormatError(
        "\(folder.path)/\(folder.files[index])",
        "has \(image.width)×\(image.height) pixels, the first image \(width)×\(height): resize them to one size first"
      )
    }
    return image.resized(width: width, height: height).pixels
  }

  private static func image(_ folder: ImageFolder, _ index: Int) throws -> RasterImage {
    try RasterImage(FileBytes(mapping: "\(folder.path)/\(folder.files[index])"))
  }
}
