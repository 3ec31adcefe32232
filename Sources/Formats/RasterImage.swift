import CImages
import Foundation

/// An image of 8-bit samples: rows from the top, channels innermost.
public struct RasterImage: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// `height × width × channels` values of 0…255.
  public let pixels: [UInt8]

  /// - Precondition: both sizes are at least 1, there are 1 or 3 channels, and `pixels` has as many values as that says.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && (channels == 1 || channels == 3), "no image has this shape")
    precondition(pixels.count == width * height * channels, "\(pixels.count) values for \(width)×\(height)")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Decodes a PNG or JPEG file, told apart by its first bytes; samples of 16 bits lose their lower half.
  ///
  /// - Throws: `FormatError` with the library's reason if it is damaged.
  public init(_ file: FileBytes) throws(FormatError) {
    self.init(try DecodedImage(file))
  }

  /// The image with samples of 8 bits.
  public init(_ image: DecodedImage) {
    let isWide = image.elementType == .uint16
    self.init(
      width: image.width, height: image.height, channels: image.channels,
      pixels: isWide ? stride(from: 1, to: image.bytes.count, by: 2).map { image.bytes[$0] } : image.bytes)
  }

  /// The image as a PNG file.
  ///
  /// - Throws: `FormatError` with libpng's reason (only for want of memory, or a size beyond the format's).
  public func png() throws(FormatError) -> [UInt8] {
    var data: UnsafeMutablePointer<UInt8>?
    var size = 0
    var message = [CChar](repeating: 0, count: Int(UAE_MESSAGE))
    let status = uae_png_encode(
      pixels, UInt32(width), UInt32(height), UInt32(channels), &data, &size, &message)
    guard status == 0 else { throw FormatError("PNG", lineFromC(message)) }
    defer { free(data) }
    return [UInt8](UnsafeBufferPointer(start: data, count: size))
  }
}

/// An image as a file has it: samples of 8 or 16 bits, rows from the top, channels innermost.
public struct DecodedImage: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// `.uint8` or `.uint16`.
  public let elementType: ElementType
  /// The samples, row by row, the channels of a pixel beside each other.
  public let bytes: [UInt8]

  /// More values than this an image is refused for.
  package static let maximumCount = 1 << 28

  /// `[height, width]` of a grey image, else `[height, width, 3]`.
  public var shape: [Int] { channels == 1 ? [height, width] : [height, width, channels] }

  /// Decodes a PNG or JPEG file, told apart by its first bytes. Alpha is dropped; palettes and smaller depths become 8-bit
  /// samples. Damaged pixels are an error, never a guess: warnings of libjpeg about them count as damage.
  ///
  /// - Throws: `FormatError` with the library's reason if it is damaged.
  public init(_ file: FileBytes) throws(FormatError) {
    if file.hasPrefix([0x89, 0x50, 0x4E, 0x47]) {
      try self.init(file, uae_png_decode)
    } else if file.hasPrefix([0xFF, 0xD8]) {
      try self.init(file, uae_jpeg_decode)
    } else {
      throw FormatError(file.name, at: .byte(0), "is neither a PNG nor a JPEG file")
    }
  }

  private init(
    _ file: FileBytes,
    _ decode: (
      UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<uae_image>, UnsafeMutablePointer<CChar>
    ) -> Int32
  ) throws(FormatError) {
    var image = uae_image()
    var message = [CChar](repeating: 0, count: Int(UAE_MESSAGE))
    let status = file.withBytes(in: 0..<file.count) { bytes in
      decode(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, DecodedImage.maximumCount, &image, &message
      )
    }
    guard status == 0 else { throw FormatError(file.name, lineFromC(message)) }
    defer { uae_image_free(&image) }
    (width, height, channels) = (Int(image.width), Int(image.height), Int(image.channels))
    elementType = image.bits == 16 ? .uint16 : .uint8
    bytes = [UInt8](
      UnsafeBufferPointer(start: image.pixels, count: width * height * channels * elementType.size))
  }

  /// A grey image as one of three equal channels.
  var inColour: DecodedImage {
    guard channels == 1 else { return self }
    let size = elementType.size
    return DecodedImage(
      width: width, height: height, channels: 3, elementType: elementType,
      bytes: stride(from: 0, to: bytes.count, by: size).flatMap { start in
        (0..<3).flatMap { _ in bytes[start..<start + size] }
      })
  }

  private init(width: Int, height: Int, channels: Int, elementType: ElementType, bytes: [UInt8]) {
    (self.width, self.height, self.channels) = (width, height, channels)
    (self.elementType, self.bytes) = (elementType, bytes)
  }
}

func lineFromC(_ message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
