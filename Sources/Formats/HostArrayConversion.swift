extension HostArray {
  /// The same numbers as another type. Integers are rounded to the nearest and clamped to what the type holds; not a
  /// number becomes 0 in them.
  public func converted(to type: ElementType) -> HostArray {
    guard type != elementType else { return self }
    let values = doubles()
    return switch type {
    case .bool: HostArray(bytes: values.map { $0 == 0 ? 0 : 1 }, shape: shape, elementType: .bool)
    case .uint8: rounded(values, UInt8.self)
    case .int8: rounded(values, Int8.self)
    case .uint16: rounded(values, UInt16.self)
    case .int16: rounded(values, Int16.self)
    case .uint32: rounded(values, UInt32.self)
    case .int32: rounded(values, Int32.self)
    case .uint64: rounded(values, UInt64.self)
    case .int64: rounded(values, Int64.self)
    case .float16: HostArray(values.map { Float16($0) }, shape: shape)
    case .bfloat16:
      HostArray(
        bytes: values.flatMap { HostArray.bfloat16(Float($0)) }, shape: shape, elementType: .bfloat16)
    case .float32: HostArray(values.map { Float($0) }, shape: shape)
    case .float64: HostArray(values, shape: shape)
    }
  }

  /// The upper half of a single-precision number, rounded to the nearest, to even where two are as near.
  private static func bfloat16(_ value: Float) -> [UInt8] {
    let bits = value.bitPattern
    let half = value.isNaN ? bits >> 16 | 0x40 : (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
    return [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
  }

  /// The elements of these indices of the first axis, in this order.
  ///
  /// - Precondition: there is a first axis, and it has these indices.
  public func rows(_ indices: [Int]) -> HostArray {
    let size = shape.dropFirst().reduce(elementType.size, *)
    var result: [UInt8] = []
    result.reserveCapacity(indices.count * size)
    for index in indices { result += bytes[index * size..<(index + 1) * size] }
    return HostArray(bytes: result, shape: [indices.count] + shape.dropFirst(), elementType: elementType)
  }

  private func rounded<Integer: FixedWidthInteger & HostElement>(
    _ values: [Double], _: Integer.Type
  ) -> HostArray {
    HostArray(
      values.map { value -> Integer in
        guard !value.isNaN else { return 0 }
        let whole = value.rounded()
        return Integer(exactly: whole) ?? (whole < 0 ? .min : .max)
      }, shape: shape)
  }

  /// The same elements with axes in another order, as `numpy.transpose` does.
  ///
  /// - Precondition: `axes` is a permutation of the axes' numbers.
  public func transposed(_ axes: [Int]) -> HostArray {
    precondition(axes.sorted() == Array(shape.indices), "\(axes) does not permute \(shape.count) axes")
    guard axes != Array(shape.indices), !bytes.isEmpty else {
      return HostArray(bytes: bytes, shape: axes.map { shape[$0] }, elementType: elementType)
    }
    var strides = [Int](repeating: elementType.size, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let newShape = axes.map { shape[$0] }
    let newStrides = axes.map { strides[$0] }
    let size = elementType.size
    let result = [UInt8](unsafeUninitializedCapacity: bytes.count) { result, initialized in
      bytes.withUnsafeBytes { source in
        let target = UnsafeMutableRawBufferPointer(result)
        let inner = newShape.count - 1
        var index = [Int](repeating: 0, count: newShape.count)
        var offset = 0
        var written = 0
        while written < source.count {
          var from = offset
          for _ in 0..<newShape[inner] {
            for byte in 0..<size { target[written + byte] = source[from + byte] }
            written += size
            from += newStrides[inner]
          }
          // Like an odometer: the next index of the outer axes.
          var axis = inner - 1
          while axis >= 0 {
            index[axis] += 1
            offset += newStrides[axis]
            if index[axis] < newShape[axis] { break }
            offset -= newStrides[axis] * newShape[axis]
            index[axis] = 0
            axis -= 1
          }
        }
      }
      initialized = bytes.count
    }
    return HostArray(bytes: result, shape: newShape, elementType: elementType)
  }
}
