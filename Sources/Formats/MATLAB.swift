import CImages
import Foundation

/// A MATLAB file (version 4 or 5, read by matio; 7.3, whoever wrote it, by HDF5) or another HDF5 file.
///
/// Both libraries run in a process of their own, so that a hostile file on which they crash or never end is an error like
/// another.
public struct MATLABFile: Sendable {
  /// A variable in the file.
  public struct Variable: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// The type of its elements.
    public let elementType: ElementType
    /// As MATLAB shows it.
    public let shape: [Int]
    /// Whether the file has only what is not zero.
    public let isSparse: Bool
    /// Whether elements are stored row by row.
    fileprivate let isRowMajor: Bool
  }

  /// The variables that are arrays or sparse matrices of real numbers, in the order of the file.
  public let variables: [Variable]
  /// All variables, those too that are not read, with the reason.
  public let items: [ArrayFile.Item]
  private let path: String
  private let size: Int

  /// Reads the file's directory.
  ///
  /// - Throws: `SystemError` if the file cannot be opened, `FormatError` if it is damaged.
  public init(_ path: String) throws {
    // matio would wait for a pipe's writer.
    size = try FileBytes(mapping: path).count
    self.path = path
    let size = size
    (variables, items) = try MATLABFile.read(path, wanted: nil, size: size) { contents in
      (contents.compactMap(MATLABFile.variable), contents.map { MATLABFile.item($0, fileSize: size) })
    }
  }

  /// Reads an array, in row-major order.
  ///
  /// - Throws: `FormatError` if there is none of this name, or its data are damaged.
  public func array(_ name: String) throws -> HostArray {
    if let variable = variables.first(where: { $0.name == name }), variable.isSparse {
      return try sparse(variable)
    }
    let columns = try columnMajor(name)
    if variables.first(where: { $0.name == name })?.isRowMajor == true {
      return HostArray(
        bytes: columns.bytes, shape: columns.shape.reversed(), elementType: columns.elementType)
    }
    return columns.transposed(Array(columns.shape.indices.reversed()))
  }

  /// Reads an array as it lies in the file, column by column: the row-major array whose axes are MATLAB's, reversed.
  public func columnMajor(_ name: String) throws -> HostArray {
    guard let variable = variables.first(where: { $0.name == name }) else {
      let known = variables.prefix(8).map { FormatError.quoted($0.name) }.joined(separator: ", ")
      throw FormatError(path, "has no array \(FormatError.quoted(name)); it has: \(known)")
    }
    let count = HostArray.byteCount(shape: variable.shape, elementType: variable.elementType)
    // zlib expands at most 1032-fold.
    guard let count, count / 1032 <= size else {
      throw FormatError(
        path, at: .entry(name), "says its shape is \(variable.shape), more than the file can hold")
    }
    let bytes: [UInt8]? = try MATLABFile.read(path, wanted: name, size: size, limit: count) { contents in
      guard let found = contents.first(where: { MATLABFile.variable($0) == variable }) else { return nil }
      return found.data.map { [UInt8](UnsafeBufferPointer(start: $0, count: Int(found.size))) }
    }
    guard let bytes = count == 0 ? [] : bytes, bytes.count == count else {
      throw FormatError(path, at: .entry(name), "its data are damaged")
    }
    return HostArray(bytes: bytes, shape: variable.shape.reversed(), elementType: variable.elementType)
  }

  private func sparse(_ variable: Variable) throws -> HostArray {
    let name = variable.name
    if let problem = SparseMatrix.problem(of: variable.shape, .float64, fileSize: size) {
      throw FormatError(path, at: .entry(name), problem)
    }
    guard variable.shape[1] < 1 << 32 else {
      throw FormatError(path, at: .entry(name), "has too many columns")
    }
    let limit = 64 << 20 + 64 * size + 8 * variable.shape[1]
    let bytes: [UInt8]? = try MATLABFile.read(path, wanted: name, size: size, limit: limit) { contents in
      guard let found = contents.first(where: { MATLABFile.variable($0) == variable }) else { return nil }
      return found.data.map { [UInt8](UnsafeBufferPointer(start: $0, count: Int(found.size))) }
    }
    let columns = variable.shape[1]
    guard let bytes, bytes.count >= 8 * (columns + 1), (bytes.count - 8 * (columns + 1)) % 16 == 0 else {
      throw FormatError(path, at: .entry(name), "its data are damaged")
    }
    let count = (bytes.count - 8 * (columns + 1)) / 16
    func numbers(_ range: Range<Int>, _ type: ElementType) -> HostArray {
      HostArray(bytes: Array(bytes[range]), shape: [range.count / 8], elementType: type)
    }
    let starts = numbers(0..<8 * (columns + 1), .int64).integers() ?? []
    let rows = numbers(8 * (columns + 1)..<8 * (columns + 1 + count), .int64).integers() ?? []
    let values = numbers(8 * (columns + 1 + count)..<bytes.count, .float64)
    guard
      let matrix = SparseMatrix(
        shape: variable.shape, pointers: starts, minor: rows, values: values, byColumns: true)
    else { throw FormatError(path, at: .entry(name), "its indices are damaged") }
    return matrix.dense().converted(to: variable.elementType)
  }

  private static func item(_ variable: uae_mat_variable, fileSize: Int) -> ArrayFile.Item {
    let (name, shape) = (MATLABFile.name(variable), MATLABFile.shape(variable) ?? [])
    func other(_ reason: String) -> ArrayFile.Item { .init(name, shape, .other(reason)) }
    if let found = MATLABFile.variable(variable) {
      let problem = found.isSparse ? SparseMatrix.problem(of: shape, .float64, fileSize: fileSize) : nil
      return problem.map(other) ?? .init(name, shape, .numbers(found.elementType))
    }
    switch variable.kind {
    case UAE_MAT_COMPLEX.rawValue: return other("is complex")
    case UAE_MAT_STRUCT.rawValue: return other("is a structure: save its fields as variables")
    case UAE_MAT_CELL.rawValue: return other("is a cell array: save its cells as variables")
    case UAE_MAT_TEXT.rawValue: return other("is text")
    case UAE_MAT_SPARSE.rawValue: return other("is a sparse matrix that is damaged")
    default: return other("is no array of numbers")
    }
  }

  private static func read<Result>(
    _ path: String, wanted: String?, size: Int, limit: Int = 0,
    _ body: (UnsafeBufferPointer<uae_mat_variable>) -> Result
  ) throws(FormatError) -> Result {
    let contents = UnsafeMutablePointer<uae_mat_contents>.allocate(capacity: 1)
    contents.pointee.count = 0
    defer {
      uae_mat_free(contents)
      contents.deallocate()
    }
    var message = [CChar](repeating: 0, count: Int(UAE_MESSAGE))
    // matio reads tens of megabytes a second; what takes far longer is a trap.
    let seconds = UInt32(clamping: 3 + max(size, limit) >> 20)
    guard uae_mat_read(path, wanted, limit, seconds, contents, &message) == 0 else {
      throw FormatError(path, lineFromC(message))
    }
    let count = contents.pointee.count
    return withUnsafePointer(to: &contents.pointee.variables) { variables in
      variables.withMemoryRebound(to: uae_mat_variable.self, capacity: count) {
        body(UnsafeBufferPointer(start: $0, count: count))
      }
    }
  }

  private static func variable(_ variable: uae_mat_variable) -> Variable? {
    let types: [UInt32: ElementType] = [
      UAE_MAT_DOUBLE.rawValue: .float64, UAE_MAT_SINGLE.rawValue: .float32, UAE_MAT_INT8.rawValue: .int8,
      UAE_MAT_UINT8.rawValue: .uint8, UAE_MAT_INT16.rawValue: .int16, UAE_MAT_UINT16.rawValue: .uint16,
      UAE_MAT_INT32.rawValue: .int32, UAE_MAT_UINT32.rawValue: .uint32, UAE_MAT_INT64.rawValue: .int64,
      UAE_MAT_UINT64.rawValue: .uint64, UAE_MAT_BOOL.rawValue: .bool, UAE_MAT_HALF.rawValue: .float16,
    ]
    let isSparse = variable.kind == UAE_MAT_SPARSE.rawValue
    guard isSparse && variable.rank == 2 || variable.kind == UAE_MAT_ARRAY.rawValue else { return nil }
    guard let type = types[variable.type] else { return nil }
    guard let shape = shape(variable) else { return nil }
    return Variable(
      name: name(variable), elementType: type, shape: shape, isSparse: isSparse,
      isRowMajor: variable.row_major != 0)
  }

  private static func name(_ variable: uae_mat_variable) -> String {
    withUnsafeBytes(of: variable.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static func shape(_ variable: uae_mat_variable) -> [Int]? {
    let dims = withUnsafeBytes(of: variable.dims) {
      $0.bindMemory(to: UInt64.self).prefix(Int(variable.rank)).map { $0 }
    }
    let shape = dims.compactMap { Int(exactly: $0) }
    return shape.count == dims.count ? shape : nil
  }
}
