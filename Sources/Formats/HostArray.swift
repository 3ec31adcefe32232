/// The type of an array's elements in a file.
public enum ElementType: String, Sendable, CaseIterable {
  /// Truth values, a byte each.
  case bool
  /// Whole numbers of 8 bits from 0.
  case uint8
  /// Whole numbers of 8 bits.
  case int8
  /// Whole numbers of 16 bits from 0.
  case uint16
  /// Whole numbers of 16 bits.
  case int16
  /// Whole numbers of 32 bits from 0.
  case uint32
  /// Whole numbers of 32 bits.
  case int32
  /// Whole numbers of 64 bits from 0.
  case uint64
  /// Whole numbers of 64 bits.
  case int64
  /// Floating point, 16 bits, 5 of them for the exponent.
  case float16
  /// Floating point, 16 bits, 8 of them for the exponent.
  case bfloat16
  /// Floating point, 32 bits.
  case float32
  /// Floating point, 64 bits.
  case float64

  /// Bytes an element.
  public var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// Whether values are floating point.
  public var isFloatingPoint: Bool {
    self == .float16 || self == .bfloat16 || self == .float32 || self == .float64
  }
}

/// A Swift number that can be an element of a `HostArray`.
public protocol HostElement: BitwiseCopyable, Sendable {
  /// The type that a file has for it.
  static var elementType: ElementType { get }
}

extension UInt8: HostElement { public static var elementType: ElementType { .uint8 } }
extension Int8: HostElement { public static var elementType: ElementType { .int8 } }
extension UInt16: HostElement { public static var elementType: ElementType { .uint16 } }
extension Int16: HostElement { public static var elementType: ElementType { .int16 } }
extension UInt32: HostElement { public static var elementType: ElementType { .uint32 } }
extension Int32: HostElement { public static var elementType: ElementType { .int32 } }
extension UInt64: HostElement { public static var elementType: ElementType { .uint64 } }
extension Int64: HostElement { public static var elementType: ElementType { .int64 } }
extension Int: HostElement { public static var elementType: ElementType { .int64 } }
extension Float16: HostElement { public static var elementType: ElementType { .float16 } }
extension Float: HostElement { public static var elementType: ElementType { .float32 } }
extension Double: HostElement { public static var elementType: ElementType { .float64 } }

/// An array in memory as files hold it: a shape, and elements in row-major order as little-endian bytes.
public struct HostArray: Sendable, Equatable {
  /// Sizes from the slowest axis to the fastest; empty for a single number.
  public let shape: [Int]
  /// The type of the elements.
  public let elementType: ElementType
  /// `count × elementType.size` bytes.
  public let bytes: [UInt8]

  /// The number of elements.
  public var count: Int { bytes.count / elementType.size }

  /// Values in row-major order.
  ///
  /// - Precondition: `shape` has as many elements as `values`; by default it is one axis.
  public init<Element: HostElement>(_ values: [Element], shape: [Int]? = nil) {
    let shape = shape ?? [values.count]
    self.init(
      bytes: values.withUnsafeBytes { [UInt8]($0) }, shape: shape, elementType: Element.elementType)
  }

  /// Elements as little-endian bytes in row-major order.
  ///
  /// - Precondition: there are as many bytes as `shape` and `elementType` say.
  public init(bytes: [UInt8], shape: [Int], elementType: ElementType) {
    precondition(
      HostArray.byteCount(shape: shape, elementType: elementType) == bytes.count,
      "\(bytes.count) bytes are not \(shape) of \(elementType)")
    self.shape = shape
    self.elementType = elementType
    self.bytes = bytes
  }

  /// The bytes that an array of this shape takes, or nil if a length is negative or the product of all but the zeros does
  /// not fit (NumPy's rule: no order of the axes, and no part of them, overflows either).
  public static func byteCount(shape: [Int], elementType: ElementType) -> Int? {
    var size = elementType.size
    for length in shape where length != 0 {
      guard length > 0 else { return nil }
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard !overflow else { return nil }
      size = product
    }
    return shape.contains(0) ? 0 : size
  }

  /// Why samples of this shape, their index first, are not read, or nil. Without a value a sample takes no room: a header
  /// may claim any number of them, and reading would never end.
  static func problem(ofSamples shape: [Int]) -> String? {
    guard let count = shape.first, count > 0, shape.dropFirst().contains(0) else { return nil }
    return "says it has \(count) samples of shape \(Array(shape.dropFirst())), which hold no values"
  }

  /// The elements as single-precision numbers; 64-bit ones are rounded to the nearest.
  public func floats() -> [Float] {
    converted(integer: { Float($0) }, unsigned: { Float($0) }, real: { Float($0) })
  }

  /// The elements as double-precision numbers.
  public func doubles() -> [Double] {
    converted(integer: { Double($0) }, unsigned: { Double($0) }, real: { Double($0) })
  }

  /// The elements as integers, or nil if any is not one (a fraction, not a number, or beyond 64 bits).
  public func integers() -> [Int]? {
    let values = converted(
      integer: { Int?(Int($0)) }, unsigned: { Int(exactly: $0) }, real: { Int(exactly: $0) })
    let whole = values.compactMap(\.self)
    return whole.count == values.count ? whole : nil
  }

  /// The elements as they are, or nil if `Element` is not their type.
  public func elements<Element: HostElement>(as _: Element.Type = Element.self) -> [Element]? {
    guard Element.elementType == elementType else { return nil }
    return load(Element.self) { $0 }
  }

  private func converted<Result>(
    integer: (Int64) -> Result, unsigned: (UInt64) -> Result, real: (Double) -> Result
  ) -> [Result] {
    switch elementType {
    case .bool: load(UInt8.self) { unsigned($0 == 0 ? 0 : 1) }
    case .uint8: load(UInt8.self) { unsigned(UInt64($0)) }
    case .int8: load(Int8.self) { integer(Int64($0)) }
    case .uint16: load(UInt16.self) { unsigned(UInt64($0)) }
    case .int16: load(Int16.self) { integer(Int64($0)) }
    case .uint32: load(UInt32.self) { unsigned(UInt64($0)) }
    case .int32: load(Int32.self) { integer(Int64($0)) }
    case .uint64: load(UInt64.self) { unsigned($0) }
    case .int64: load(Int64.self) { integer($0) }
    case .float16: load(Float16.self) { real(Double($0)) }
    case .bfloat16: load(UInt16.self) { real(Double(Float(bitPattern: UInt32($0) << 16))) }
    case .float32: load(Float.self) { real(Double($0)) }
    case .float64: load(Double.self) { real($0) }
    }
  }

  private func load<Element: BitwiseCopyable, Result>(
    _: Element.Type, _ transform: (Element) -> Result
  ) -> [Result] {
    bytes.withUnsafeBytes { buffer in
      [Result](unsafeUninitializedCapacity: count) { results, initialized in
        for index in 0..<count {
          let element = buffer.loadUnaligned(
            fromByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
          results.initializeElement(at: index, to: transform(element))
        }
        initialized = count
      }
    }
  }
}
