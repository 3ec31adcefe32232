/// The type of a tensor's elements, numbered as ATen's `ScalarType`.
public struct DataType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let uint8 = DataType(rawValue: 0)
  public static let int8 = DataType(rawValue: 1)
  public static let int16 = DataType(rawValue: 2)
  public static let int32 = DataType(rawValue: 3)
  public static let int64 = DataType(rawValue: 4)
  public static let float16 = DataType(rawValue: 5)
  public static let float32 = DataType(rawValue: 6)
  public static let float64 = DataType(rawValue: 7)
  public static let bool = DataType(rawValue: 11)
  public static let bfloat16 = DataType(rawValue: 15)

  public var isFloatingPoint: Bool { 5...7 ~= rawValue || self == .bfloat16 }
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
