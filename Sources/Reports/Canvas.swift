import Formats

/// An RGB raster of 8 bits a channel to draw on; parts outside are cut off.
public struct Canvas: Sendable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// Row by row, three bytes a pixel.
  public private(set) var pixels: [UInt8]

  /// An empty picture.
  public init(width: Int, height: Int, background: Colour = .white) {
    self.width = width
    self.height = height
    pixels = (0..<width * height).flatMap { _ in [background.red, background.green, background.blue] }
  }

  /// The pixel of a column and a row, from 0 at the upper left.
  public subscript(x: Int, y: Int) -> Colour {
    get {
      let i = 3 * (y * width + x)
      return Colour(red: pixels[i], green: pixels[i + 1], blue: pixels[i + 2])
    }
    set {
      guard (0..<width).contains(x), (0..<height).contains(y) else { return }
      let i = 3 * (y * width + x)
      pixels[i] = newValue.red
      pixels[i + 1] = newValue.green
      pixels[i + 2] = newValue.blue
    }
  }

  /// The drawing as an image to encode.
  public var image: RasterImage { RasterImage(width: width, height: height, channels: 3, pixels: pixels) }

  mutating func fill(x: Int, y: Int, width: Int, height: Int, with colour: Colour) {
    for row in y..<y + height {
      for column in x..<x + width { self[column, row] = colour }
    }
  }

  /// One line of text, its top left corner at (x, y).
  mutating func draw(_ text: String, x: Int, y: Int, colour: Colour = .black) {
    for (index, character) in text.enumerated() {
      let left = x + index * BitmapFont.width
      for (row, bits) in BitmapFont.rows(of: character).enumerated() {
        for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1 {
          self[left + column, y + row] = colour
        }
      }
    }
  }
}

/// A colour of 8 bits a channel.
public struct Colour: Sendable, Equatable {
  /// The share of red.
  public var red: UInt8
  /// The share of green.
  public var green: UInt8
  /// The share of blue.
  public var blue: UInt8

  /// A colour of its shares, 0…255.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// White.
  public static let white = Colour(red: 255, green: 255, blue: 255)
  /// Black.
  public static let black = Colour(red: 0, green: 0, blue: 0)

  /// From channels in [0, 1], rounded; values beyond are clamped, NaN becomes 0.
  init(unit red: Float, _ green: Float, _ blue: Float) {
    func byte(_ value: Float) -> UInt8 { UInt8((min(1, max(0, value.isNaN ? 0 : value)) * 255).rounded()) }
    self.init(red: byte(red), green: byte(green), blue: byte(blue))
  }
}

/// White at 0, red towards +limit, blue towards −limit.
func signedColour(_ value: Float, limit: Float) -> Colour {
  let t = limit > 0 && value.isFinite ? min(1, max(-1, value / limit)) : 0
  return t >= 0
    ? Colour(unit: 1 - 0.2 * t, 1 - 0.9 * t, 1 - 0.85 * t)
    : Colour(unit: 1 + 0.9 * t, 1 + 0.65 * t, 1 + 0.25 * t)
}
