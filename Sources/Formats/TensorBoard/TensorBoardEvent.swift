/// What TensorBoard shows at a step: a record of an event file (`tensorboard/compat/proto/event.proto` and `summary.proto`,
/// framed as TFRecord).
public struct TensorBoardEvent: Sendable {
  /// What was measured or made.
  public enum Value: Sendable {
    /// A number.
    case scalar(Double)
    /// A PNG file of so many pixels.
    case image(width: Int, height: Int, png: [UInt8])
    /// How values are distributed; those that are not finite are left out.
    case histogram([Double])
    /// Markdown.
    case text(String)
  }

  /// Seconds since 1970.
  public var time: Double
  /// The step of the run that it belongs to.
  public var step: Int
  /// Its name; what is before the first slash groups it.
  public var tag: String
  /// What was measured or made.
  public var value: Value

  /// An event at a time in seconds since 1970.
  public init(time: Double, step: Int, tag: String, value: Value) {
    (self.time, self.step, self.tag, self.value) = (time, step, tag, value)
  }

  /// The first record of a file.
  public static func version(time: Double) -> [UInt8] {
    var event = ProtobufMessage()
    event.add(1, time)
    event.add(3, "brain.Event:2")
    return record(event.bytes)
  }

  /// The record of this event.
  public func encoded() -> [UInt8] {
    var value = ProtobufMessage()
    value.add(1, tag)
    switch self.value {
    case .scalar(let number): value.add(2, Float(number))
    case .image(let width, let height, let png):
      var image = ProtobufMessage()
      image.add(1, height)
      image.add(2, width)
      image.add(3, 3)
      image.add(4, png)
      value.add(4, image)
    case .histogram(let numbers): value.add(5, Self.histogram(numbers.filter(\.isFinite)))
    case .text(let text):
      var plugin = ProtobufMessage()
      plugin.add(1, "text")
      var metadata = ProtobufMessage()
      metadata.add(1, plugin)
      value.add(9, metadata)
      var dimension = ProtobufMessage()
      dimension.add(1, 1)
      var shape = ProtobufMessage()
      shape.add(2, dimension)
      var tensor = ProtobufMessage()
      tensor.add(1, 7)  // strings
      tensor.add(2, shape)
      tensor.add(8, text)
      value.add(8, tensor)
    }
    var summary = ProtobufMessage()
    summary.add(1, value)
    var event = ProtobufMessage()
    event.add(1, time)
    event.add(2, step)
    event.add(5, summary)
    return Self.record(event.bytes)
  }

  /// Thirty equal bins from the least to the greatest value.
  private static func histogram(_ values: [Double]) -> ProtobufMessage {
    let low = values.min() ?? 0, high = values.max() ?? 0
    let bins = high > low ? 30 : 1
    let width = high > low ? (high - low) / Double(bins) : 1
    var counts = [Double](repeating: 0, count: bins)
    for value in values { counts[min(bins - 1, max(0, Int((value - low) / width)))] += 1 }
    var message = ProtobufMessage()
    message.add(1, low)
    message.add(2, high)
    message.add(3, Double(values.count))
    message.add(4, values.reduce(0, +))
    message.add(5, values.reduce(0) { $0 + $1 * $1 })
    message.add(6, (1...bins).map { $0 == bins ? max(high, low) : low + Double($0) * width })
    message.add(7, counts)
    return message
  }

  /// Length, its checksum, the data, their checksum.
  static func record(_ data: [UInt8]) -> [UInt8] {
    func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
    let length = bytes(UInt64(data.count))
    return length + bytes(CRC32C.masked(length)) + data + bytes(CRC32C.masked(data))
  }
}
