import CTorch

/// An n-dimensional array on some device: a value that owns one reference to LibTorch's tensor.
///
/// The storage is released as soon as the last copy of the value goes away. Operators read as mathematics
/// (`x * w + b`, `x.sum(1)`); shapes that do not fit end the program with a line that shows them, so check what comes
/// from outside first, or call ``Operator`` directly, which throws.
public struct Tensor: Sendable {
  final class Handle: @unchecked Sendable {  // LibTorch's reference count is atomic.
    let raw: ct_tensor
    init(owning raw: ct_tensor) { self.raw = raw }
    deinit { Library.api.release(raw) }
  }

  let handle: Handle

  var raw: ct_tensor { handle.raw }

  init(owning raw: ct_tensor) { handle = Handle(owning: raw) }

  /// A tensor with the given elements, row-major.
  public init(_ values: [Float], _ shape: [Int]) {
    self.init(copying: values, shape: shape, dtype: .float32)
  }

  /// A float64 tensor with the given elements, row-major.
  public init(_ values: [Double], _ shape: [Int]) {
    self.init(copying: values, shape: shape, dtype: .float64)
  }

  /// An int64 tensor with the given elements, row-major.
  public init(_ values: [Int], _ shape: [Int]) {
    self.init(copying: values.map(Int64.init), shape: shape, dtype: .int64)
  }

  /// A tensor without dimensions.
  public init(_ value: Float) { self.init([value], []) }

  /// A tensor with a copy of a slice of values, row-major.
  public init(_ values: ArraySlice<Float>, _ shape: [Int]) {
    self.init(copying: values, shape: shape, dtype: .float32)
  }

  private init<C: Collection>(copying values: C, shape: [Int], dtype: DataType) {
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values do not fill the shape \(shape)")
    let raw = orTrap {
      try values.withContiguousStorageIfAvailable { buffer in
        try Tensor.make(UnsafeRawPointer(buffer.baseAddress), shape, dtype)
      } ?? ContiguousArray(values).withUnsafeBytes { try Tensor.make($0.baseAddress, shape, dtype) }
    }
    self.init(owning: raw)
  }

  private static func make(_ data: UnsafeRawPointer?, _ shape: [Int], _ dtype: DataType) throws -> ct_tensor {
    var out: ct_tensor?
    try shape.map(Int64.init).withUnsafeBufferPointer { sizes in
      try checked { $0.from_data(data, sizes.baseAddress, Int64(sizes.count), dtype.rawValue, &out, &$1) }
    }
    guard let out else { throw TorchError.unexpectedResult("no tensor was made") }
    return out
  }

  /// A tensor whose elements are not yet set.
  public static func empty(_ shape: [Int], dtype: DataType = .float32) -> Tensor {
    Tensor(owning: orTrap { try make(nil, shape, dtype) })
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DataType = .float32, device: Device) -> Tensor {
    full(shape, 0, dtype: dtype, device: device)
  }

  /// A tensor of one value.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DataType = .float32, device: Device
  ) -> Tensor {
    Op.full.tensor(
      [.ints(shape), .double(value)], named: ["dtype": .int(Int(dtype.rawValue)), "device": .device(device)])
  }

  /// A host tensor over memory that something else owns, which lives as long as the tensor and its views.
  ///
  /// - Parameters:
  ///   - address: of the first element; all that sizes and strides (in elements) reach must lie in the memory, which
  ///     operators may write.
  ///   - owner: what keeps the memory.
  /// - Throws: ``TorchError/native(_:)`` where LibTorch refuses the sizes.
  package init(
    borrowing address: UnsafeMutableRawPointer, sizes: [Int], strides: [Int], dtype: DataType,
    owner: AnyObject
  ) throws {
    var out: ct_tensor?
    let (sizes, strides) = (sizes.map(Int64.init), strides.map(Int64.init))
    let owner = Unmanaged.passRetained(owner)
    do {
      try checked {
        $0.from_memory(
          address, sizes, strides, Int64(sizes.count), dtype.rawValue,
          { owner in owner.map { Unmanaged<AnyObject>.fromOpaque($0).release() } }, owner.toOpaque(), &out,
          &$1)
      }
    } catch {
      owner.release()
      throw error
    }
    guard let out else { throw TorchError.unexpectedResult("no tensor was made") }
    self.init(owning: out)
  }

  /// The length of each dimension.
  public var shape: [Int] {
    let api = Library.api
    let count = Int(api.dimensions(raw))
    return withUnsafeTemporaryAllocation(of: Int64.self, capacity: Swift.max(count, 1)) { buffer in
      guard let base = buffer.baseAddress else { return [] }
      api.sizes(raw, base)
      return (0..<count).map { Int(base[$0]) }
    }
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The elements' type.
  public var dtype: DataType { DataType(rawValue: Library.api.dtype(raw)) }

  /// Where the elements are.
  public var device: Device {
    var index: Int32 = 0
    let type = Library.api.device(raw, &index)
    return Device(type: type, index: Int(index))
  }

  /// The elements, row-major, converted to `Float`.
  public var floats: [Float] { elements(.float32) }
  /// The elements, row-major, converted to `Double`.
  public var doubles: [Double] { elements(.float64) }
  /// The elements, row-major, converted to `Int`.
  public var ints: [Int] { (elements(.int64) as [Int64]).map(Int.init) }
  /// The elements, row-major; everything but zero is true.
  public var bools: [Bool] { (elements(.uint8) as [UInt8]).map { $0 != 0 } }
  /// The only element, as a `Double`.
  public var item: Double {
    let values = doubles
    precondition(values.count == 1, "a tensor of shape \(shape) has no single element")
    return values[0]
  }

  private func elements<T: BitwiseCopyable>(_ dtype: DataType) -> [T] {
    let count = self.count
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      orTrap {
        try checked {
          $0.to_data(raw, dtype.rawValue, buffer.baseAddress, Int64(count * MemoryLayout<T>.stride), &$1)
        }
      }
      initialized = count
    }
  }

  /// Lends the elements of a contiguous float32 host tensor, to read or to write in place.
  public func withFloats<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows
    -> Result
  {
    precondition(dtype == .float32, "withFloats needs a float32 tensor, this is \(dtype)")
    guard let address = Library.api.data_pointer(raw) else {
      preconditionFailure("withFloats needs a contiguous tensor on the host")
    }
    defer { withExtendedLifetime(handle) {} }
    return try body(.init(start: address.assumingMemoryBound(to: Float.self), count: count))
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let values = count <= 32 ? " \(doubles)" : ""
    return "Tensor(\(shape), \(dtype), \(device))\(values)"
  }
}
