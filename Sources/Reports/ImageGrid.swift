/// Rows of small images with a name before each row: originals, UAEs, differences, reconstructions.
public struct ImageGrid: Sendable {
  /// How a row's values become colours.
  public enum Colouring: Sendable {
    /// [0, 1] to grey or RGB.
    case plain
    /// White at 0, red above, blue below; full colour at ±limit, by default the row's largest magnitude.
    case signed(limit: Float? = nil)
  }

  /// Images side by side under one name.
  public struct Row: Sendable {
    /// What stands beside it.
    public var name: String
    /// Each image C×H×W, channel by channel.
    public var images: [[Float]]
    /// How values become colours.
    public var colouring: Colouring

    /// A row of images, each with its values row-major.
    public init(_ name: String, _ images: [[Float]], colouring: Colouring = .plain) {
      self.name = name
      self.images = images
      self.colouring = colouring
    }
  }

  /// The shape of every image, `[channels, height, width]`.
  public let shape: [Int]
  /// The rows, from above.
  public let rows: [Row]
  /// Edge of a square that stands for one image pixel.
  public let magnification: Int

  static let gap = 4

  /// - Parameters:
  ///   - shape: [H, W] or [C, H, W] with 1 or 3 channels, the same for every image.
  ///   - magnification: by default such that the longer side covers about 64 pixels.
  /// - Throws: ``ReportError`` for another shape, no images, or an image whose values do not fit the shape.
  public init(shape: [Int], rows: [Row], magnification: Int? = nil) throws(ReportError) {
    let (channels, sides) = (shape.count == 3 ? shape[0] : 1, shape.suffix(2))
    guard (2...3).contains(shape.count), channels == 1 || channels == 3, sides.allSatisfy({ $0 > 0 }) else {
      throw .notAnImage(shape: shape)
    }
    guard rows.contains(where: { !$0.images.isEmpty }) else { throw .nothingToDraw("the grid has no images") }
    for row in rows {
      if let index = row.images.firstIndex(where: { $0.count != shape.reduce(1, *) }) {
        throw .wrongImageSize(
          row: row.name, index: index, count: row.images[index].count, shape: shape)
      }
    }
    self.shape = shape
    self.rows = rows
    self.magnification = max(1, magnification ?? 64 / (sides.max() ?? 1))
  }

  /// The grid as pixels; encode it with ``Canvas/image``.
  public func drawn() -> Canvas {
    let (height, width) = (shape[shape.count - 2] * magnification, shape[shape.count - 1] * magnification)
    let cellHeight = max(height, BitmapFont.height)
    let labels = (rows.map(\.name.count).max() ?? 0) * BitmapFont.width + 2 * Self.gap
    let columns = rows.map(\.images.count).max() ?? 0
    var canvas = Canvas(
      width: labels + columns * (width + Self.gap), height: Self.gap + rows.count * (cellHeight + Self.gap))
    for (index, row) in rows.enumerated() {
      let top = Self.gap + index * (cellHeight + Self.gap)
      canvas.draw(row.name, x: Self.gap, y: top + (cellHeight - BitmapFont.height) / 2)
      let limit = signedLimit(of: row)
      for (column, image) in row.images.enumerated() {
        draw(image, limit: limit, on: &canvas, x: labels + column * (width + Self.gap), y: top)
      }
    }
    return canvas
  }

  private func signedLimit(of row: Row) -> Float? {
    guard case .signed(let limit) = row.colouring else { return nil }
    return limit ?? row.images.joined().lazy.filter(\.isFinite).map(abs).max() ?? 0
  }

  private func draw(_ image: [Float], limit: Float?, on canvas: inout Canvas, x: Int, y: Int) {
    let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let plane = height * width
    for i in 0..<plane {
      let channels =
        image.count == plane ? [image[i], image[i], image[i]] : (0..<3).map { image[i + $0 * plane] }
      let colour =
        // A colour image's difference shows its mean: three signed channels have no readable colour.
        limit.map { signedColour(channels.reduce(0, +) / 3, limit: $0) }
        ?? Colour(unit: channels[0], channels[1], channels[2])
      canvas.fill(
        x: x + i % width * magnification, y: y + i / width * magnification,
        width: magnification, height: magnification, with: colour)
    }
  }
}
