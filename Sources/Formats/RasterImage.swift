import CImages
import Foundation

/// An image of 8-bit samples: rows from the top, channels innermost.
public struct RasterImage: Sendable, Equatable {
  public let width: Int
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

  /// More values than this an image is refused for.
  package static let maximumCount = 1 << 28

  /// Decodes a PNG file. Alpha is dropped; palettes and other depths become 8-bit samples.
  ///
  /// - Throws: `FormatError` with libpng's reason if it is damaged.
  public init(png file: FileBytes) throws(FormatError) {
    try self.init(file, uae_png_decode)
  }

  /// Decodes a JPEG file, grey or colour.
  ///
  /// - Throws: `FormatError` with libjpeg's reason if it is damaged; its warnings count as damage.
  public init(jpeg file: FileBytes) throws(FormatError) {
    try self.init(file, uae_jpeg_decode)
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
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, RasterImage.maximumCount, &image, &message)
    }
    guard status == 0 else { throw FormatError(file.name, lineFromC(message)) }
    defer { uae_image_free(&image) }
    width = Int(image.width)
    height = Int(image.height)
    channels = Int(image.channels)
    pixels = [UInt8](UnsafeBufferPointer(start: image.pixels, count: width * height * channels))
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

func lineFromC(_ message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
