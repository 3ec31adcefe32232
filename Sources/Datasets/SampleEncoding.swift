import Formats

/// How samples in a file become values in [0, 1], and the way back to the file's own range, type and layout.
public struct SampleEncoding: Sendable, Equatable {
  /// Where a file has the channels of an image.
  public enum Layout: String, Sendable, CaseIterable {
    /// `[channels, height, width]`, or no image at all.
    case nchw
    /// `[height, width, channels]`.
    case nhwc
  }

  /// What the values 0 and 1 are in the file.
  public enum Scale: Sendable, Equatable {
    /// The same for all values.
    case range(ClosedRange<Double>)
    /// One range a feature, as min-max scaling fits it. Where a minimum is the maximum, all values become 0.
    case features(minimum: [Double], maximum: [Double])
  }

  /// The type of the file's elements.
  public let elementType: ElementType
  /// The shape of one sample in the file.
  public let fileShape: [Int]
  /// Where the file has an image's channels.
  public let layout: Layout
  /// How the file's values become those of 0…1.
  public let scale: Scale

  /// How a file has its samples.
  public init(elementType: ElementType, fileShape: [Int], layout: Layout = .nchw, scale: Scale) {
    self.elementType = elementType
    self.fileShape = fileShape
    self.layout = layout
    self.scale = scale
  }

  /// The range that a type means where nothing else is said: all of an unsigned type of 8 or 16 bits, else 0…1.
  public static func defaultRange(of type: ElementType) -> ClosedRange<Double> {
    switch type {
    case .uint8: 0...255
    case .uint16: 0...65535
    default: 0...1
    }
  }

  /// The shape of one sample as `Samples` has it: `[channels, height, width]` or `[features]`.
  public var sampleShape: [Int] {
    switch (fileShape.count, layout) {
    case (3, .nhwc): [fileShape[2], fileShape[0], fileShape[1]]
    case (3, .nchw): fileShape
    case (2, _): [1] + fileShape
    default: [fileShape.reduce(1, *)]
    }
  }

  /// Values in [0, 1], in the order of `sampleShape`.
  ///
  /// An excess of less than a thousandth of the range, as rounding leaves it, is clamped.
  ///
  /// - Parameter values: `[samples] + fileShape`.
  /// - Throws: `FormatError` naming the record whose value is not a number or is outside the range.
  public func decode(_ values: HostArray, file: String) throws(FormatError) -> [Float] {
    let table = scaleTable
    return try inside(
      channelsFirst(
        values.elementType == .uint8 && table != nil
          ? lookUp(values.bytes, table ?? [])
          : isWide ? scaled(values.doubles()) : scaled(values.floats())), file)
  }

  /// As `decode`, in double precision.
  public func decodeDoubles(_ values: HostArray, file: String) throws(FormatError) -> [Double] {
    try inside(channelsFirst(scaled(values.doubles())), file)
  }

  private func inside<Number: BinaryFloatingPoint>(_ values: [Number], _ file: String) throws(FormatError)
    -> [Number]
  {
    var result = values
    let size = fileShape.reduce(1, *)
    let failure = result.withUnsafeMutableBufferPointer { buffer -> Int? in
      for index in buffer.indices {
        let value = buffer[index]
        if value >= 0, value <= 1 { continue }
        guard value > -1e-3, value < 1.001 else { return index }
        buffer[index] = min(1, max(0, value))
      }
      return nil
    }
    if let failure {
      throw FormatError(
        file, at: .record(failure / max(1, size)), outside(Float(result[failure]), failure % max(1, size)))
    }
    return result
  }

  /// Values in the file's own range, type and layout: the inverse of `decode`. Integers are rounded to the nearest.
  ///
  /// - Parameter values: in [0, 1], in the order of `sampleShape`, a whole number of samples.
  /// - Returns: `[samples] + fileShape`.
  public func encode(_ values: [Float]) -> HostArray {
    let values = channelsLast(values)
    let all =
      isWide
      ? HostArray(unscaled(values, as: Double.self), shape: fileShape(of: values.count))
      : HostArray(unscaled(values, as: Float.self), shape: fileShape(of: values.count))
    return all.converted(to: elementType)
  }

  /// The same of values in double precision.
  public func encode(_ values: [Double]) -> HostArray {
    HostArray(unscaled(channelsLast(values), as: Double.self), shape: fileShape(of: values.count))
      .converted(to: elementType)
  }

  private func fileShape(of count: Int) -> [Int] {
    let size = fileShape.reduce(1, *)
    return [size == 0 ? 0 : count / size] + fileShape
  }

  /// As `encode`, but a value that is that of the original stays as the file has it, to the bit.
  ///
  /// - Parameters:
  ///   - originals: as many values as `values`, from which these came.
  ///   - records: the originals as the file has them, `[samples] + fileShape`.
  public func encode(_ values: [Float], keeping originals: [Float], of records: HostArray) -> HostArray {
    kept(encode(values), values, originals, records)
  }

  /// The same of values in double precision.
  public func encode(_ values: [Double], keeping originals: [Double], of records: HostArray) -> HostArray {
    kept(encode(values), values, originals, records)
  }

  private func kept<Number: BinaryFloatingPoint>(
    _ encoded: HostArray, _ values: [Number], _ originals: [Number], _ records: HostArray
  ) -> HostArray {
    precondition(
      encoded.shape == records.shape && encoded.elementType == records.elementType, "other records")
    var bytes = encoded.bytes
    let size = elementType.size
    let isKept = zip(channelsLast(values), channelsLast(originals)).map(==)
    for index in isKept.indices where isKept[index] {
      for byte in index * size..<(index + 1) * size { bytes[byte] = records.bytes[byte] }
    }
    return HostArray(bytes: bytes, shape: encoded.shape, elementType: elementType)
  }

  /// Whether single precision would lose values of the file: seconds since 1970, counters.
  private var isWide: Bool { elementType.size > 4 || elementType == .int32 || elementType == .uint32 }

  private func unscaled<Given: BinaryFloatingPoint, Number: BinaryFloatingPoint>(
    _ values: [Given], as _: Number.Type
  ) -> [Number] {
    let size = fileShape.reduce(1, *)
    return values.indices.map { index in
      let (low, high) = bounds(of: index % size)
      return Number(low) + Number(values[index]) * (Number(high) - Number(low))
    }
  }

  private func outside(_ value: Float, _ feature: Int) -> String {
    guard value.isFinite else { return "has a value that is not a finite number" }
    let (low, high) = bounds(of: feature)
    return
      "has the value \(Float(low + Double(value) * (high - low))), outside the range \(low)…\(high); give --range"
  }

  private func bounds(of feature: Int) -> (Double, Double) {
    switch scale {
    case .range(let range): (range.lowerBound, range.upperBound)
    case .features(let minimum, let maximum): (minimum[feature], maximum[feature])
    }
  }

  /// What each byte becomes, where all features have one range.
  private var scaleTable: [Float]? {
    guard case .range(let range) = scale else { return nil }
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    return (0..<256).map { (Float($0) - low) / (high - low) }
  }

  private func lookUp(_ bytes: [UInt8], _ table: [Float]) -> [Float] {
    table.withUnsafeBufferPointer { table in
      [Float](unsafeUninitializedCapacity: bytes.count) { result, initialized in
        bytes.withUnsafeBufferPointer { bytes in
          for index in bytes.indices { result.initializeElement(at: index, to: table[Int(bytes[index])]) }
        }
        initialized = bytes.count
      }
    }
  }

  private func scaled<Number: BinaryFloatingPoint, Result: BinaryFloatingPoint>(_ values: [Number])
    -> [Result]
  {
    switch scale {
    case .range(let range):
      let low = Number(range.lowerBound)
      let width = Number(range.upperBound) - low
      return values.map { Result(($0 - low) / width) }
    case .features(let minimum, let maximum):
      return values.indices.map { index in
        let feature = index % minimum.count
        let low = Number(minimum[feature])
        let width = Number(maximum[feature]) - low
        return width > 0 ? Result((values[index] - low) / width) : 0
      }
    }
  }

  private func channelsFirst<Number>(_ values: [Number]) -> [Number] {
    guard layout == .nhwc, fileShape.count == 3 else { return values }
    return transposed(values, rows: fileShape[0] * fileShape[1], columns: fileShape[2])
  }

  private func channelsLast<Number>(_ values: [Number]) -> [Number] {
    guard layout == .nhwc, fileShape.count == 3 else { return values }
    return transposed(values, rows: fileShape[2], columns: fileShape[0] * fileShape[1])
  }

  /// Each matrix of `rows × columns` values becomes one of `columns × rows`.
  private func transposed<Number>(_ values: [Number], rows: Int, columns: Int) -> [Number] {
    let size = rows * columns
    guard size > 0 else { return values }
    return [Number](unsafeUninitializedCapacity: values.count) { result, initialized in
      values.withUnsafeBufferPointer { values in
        for start in Swift.stride(from: 0, to: values.count, by: size) {
          for column in 0..<columns {
            for row in 0..<rows {
              result.initializeElement(
                at: start + column * rows + row, to: values[start + row * columns + column])
            }
          }
        }
      }
      initialized = values.count
    }
  }
}
