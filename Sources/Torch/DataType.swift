/// The type of a tensor's elements, numbered as ATen's `ScalarType`.
public struct DataType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Whole numbers of 8 bits from 0.
  public static let uint8 = DataType(rawValue: 0)
  /// Whole numbers of 8 bits.
  public static let int8 = DataType(rawValue: 1)
  /// Whole numbers of 16 bits.
  public static let int16 = DataType(rawValue: 2)
  /// Whole numbers of 32 bits.
  public static let int32 = DataType(rawValue: 3)
  /// Whole numbers of 64 bits.
  public static let int64 = DataType(rawValue: 4)
  /// Floating point, 16 bits, 5 of them for the exponent.
  public static let float16 = DataType(rawValue: 5)
  /// Floating point, 32 bits.
  public static let float32 = DataType(rawValue: 6)
  /// Floating point, 64 bits.
  public static let float64 = DataType(rawValue: 7)
  /// Truth values, a byte each.
  public static let bool = DataType(rawValue: 11)
  /// Floating point, 16 bits, 8 of them for the exponent.
  public static let bfloat16 = DataType(rawValue: 15)

  /// Whether elements are real numbers in floating point.
  public var isFloatingPoint: Bool { 5...7 ~= rawValue || self == .bfloat16 }
  /// Whether elements are complex numbers.
  public var isComplex: Bool { 8...10 ~= rawValue }

  public var description: String {
    let names: [Int32: String] = [
      0: "uint8", 1: "int8", 2: "int16", 3: "int32", 4: "int64", 5: "float16", 6: "float32", 7: "float64",
      11: "bool",
      15: "bfloat16",
    ]
    return names[rawValue] ?? "ScalarType(\(rawValue))"
  }
}
