import CImages
import Foundation

/// A MATLAB file (version 4, 5 or 7.3), read by matio.
///
/// matio runs in a process of its own, so that a hostile file on which it crashes or never ends is an error like another.
public struct MATLABFile: Sendable {
  /// A variable in the file: a real, full array of numbers.
  public struct Variable: Sendable, Equatable {
    public let name: String
    public let elementType: ElementType
    /// As MATLAB shows it.
    public let shape: [Int]
  }

  /// The variables that are arrays of numbers, in the order of the file. Others (text, cells, structures, complex and
  /// sparse arrays) are left out.
  public let variables: [Variable]
  private let path: String
  private let size: Int

  /// Reads the file's directory.
  ///
  /// - Throws: `SystemError` if the file cannot be opened, `FormatError` if it is damaged.
  public init(_ path: String) throws {
    // matio would wait for a pipe's writer.
    size = try FileBytes(mapping: path).count
    self.path = path
    variables = try MATLABFile.read(path, wanted: nil, size: size) { contents in
      contents.compactMap(MATLABFile.variable)
    }
  }

  /// Reads an array, in row-major order.
  ///
  /// - Throws: `FormatError` if there is none of this name, or its data are damaged.
  public func array(_ name: String) throws -> HostArray {
    let columns = try columnMajor(name)
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
      UAE_MAT_UINT64.rawValue: .uint64,
    ]
    guard let type = types[variable.type] else { return nil }
    let name = withUnsafeBytes(of: variable.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let dims = withUnsafeBytes(of: variable.dims) {
      $0.bindMemory(to: UInt64.self).prefix(Int(variable.rank)).map { $0 }
    }
    let shape = dims.compactMap { Int(exactly: $0) }
    guard shape.count == dims.count else { return nil }
    return Variable(name: name, elementType: type, shape: shape)
  }
}
