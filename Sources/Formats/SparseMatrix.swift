/// A matrix of which a file has only the values that are not zero.
struct SparseMatrix {
  let shape: [Int]
  /// One a value.
  let rows: [Int]
  let columns: [Int]
  let values: HostArray

  /// - Parameters:
  ///   - pointers: where the values of each row (column) begin, and where the last ends.
  ///   - minor: the column (row) of each value.
  ///   - byColumns: whether values are in the order of columns.
  init?(shape: [Int], pointers: [Int], minor: [Int], values: HostArray, byColumns: Bool) {
    guard shape.count == 2, pointers.count == shape[byColumns ? 1 : 0] + 1, pointers.first == 0,
      zip(pointers, pointers.dropFirst()).allSatisfy({ $0 <= $1 }), let end = pointers.last,
      end <= minor.count
    else { return nil }
    let major = (0..<pointers.count - 1).flatMap {
      repeatElement($0, count: pointers[$0 + 1] - pointers[$0])
    }
    let few = Array(minor.prefix(end))
    self.init(
      shape: shape, rows: byColumns ? few : major, columns: byColumns ? major : few, values: values)
  }

  init?(shape: [Int], rows: [Int], columns: [Int], values: HostArray) {
    guard shape.count == 2, rows.count == columns.count, values.count >= rows.count, values.shape.count == 1,
      rows.allSatisfy({ 0 <= $0 && $0 < shape[0] }), columns.allSatisfy({ 0 <= $0 && $0 < shape[1] }),
      // Where a place comes twice, its values are meant to be added.
      Set(zip(rows, columns).map { $0 * shape[1] + $1 }).count == rows.count
    else { return nil }
    self.shape = shape
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// All values, row by row.
  func dense() -> HostArray {
    let size = values.elementType.size
    var bytes = [UInt8](repeating: 0, count: shape[0] * shape[1] * size)
    for (index, (row, column)) in zip(rows, columns).enumerated() {
      let place = (row * shape[1] + column) * size
      for byte in 0..<size { bytes[place + byte] = values.bytes[index * size + byte] }
    }
    return HostArray(bytes: bytes, shape: shape, elementType: values.elementType)
  }

  /// Why a matrix of this shape is not spread out, or nil: it may take at most as much room as a compressed file could.
  static func problem(of shape: [Int], _ type: ElementType, fileSize: Int) -> String? {
    let limit = max(
      ByteStream.freeOutput, fileSize.multipliedReportingOverflow(by: ByteStream.maximumRatio).partialValue)
    guard let count = HostArray.byteCount(shape: shape, elementType: type), count <= limit else {
      return
        "is a sparse matrix of \(shape.map(String.init).joined(separator: "×")), too large to be spread out"
    }
    return nil
  }
}
