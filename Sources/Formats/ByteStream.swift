import CZlib

/// The bytes of a file in order, inflated on the way where they are compressed.
///
/// Works in constant memory. Damaged, truncated and trailing data are errors, as is a stream that expands beyond any
/// honest ratio (a decompression bomb).
public final class ByteStream {
  /// Bytes given so far.
  public private(set) var position = 0
  private let file: FileBytes
  private var input: Range<Int>
  private let encoding: Encoding
  private let inflater: UnsafeMutablePointer<z_stream>?
  private var atEnd = false
  private var expected: Content?
  private var checksum = crc32(0, nil, 0)

  /// What an archive says that all bytes together are.
  struct Content: Sendable {
    let count: Int
    let crc32: UInt32
  }

  /// Output that is allowed whatever its ratio to the input, in bytes.
  package static let freeOutput = 64 << 20
  /// The highest ratio allowed beyond that. Deflate cannot exceed 1032; photographs and tables stay below 20.
  package static let maximumRatio = 500

  private enum Encoding { case plain, gzip, deflate }

  /// All bytes of a file; inflated if they begin as gzip's do.
  public convenience init(_ file: FileBytes) throws {
    try self.init(file, in: 0..<file.count, encoding: file.hasPrefix([0x1f, 0x8b]) ? .gzip : .plain)
  }

  /// The bytes in a range of a file, which are raw deflate data where `isDeflated` says so.
  ///
  /// Whoever reads to the end is told if they are not what `content` says.
  convenience init(_ file: FileBytes, in range: Range<Int>, isDeflated: Bool, content: Content) throws {
    try self.init(file, in: range, encoding: isDeflated ? .deflate : .plain)
    expected = content
  }

  private init(_ file: FileBytes, in range: Range<Int>, encoding: Encoding) throws {
    self.file = file
    self.encoding = encoding
    input = range
    guard encoding != .plain else {
      inflater = nil
      return
    }
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    inflater = stream
    let windowBits: Int32 = encoding == .gzip ? 15 + 16 : -15
    guard inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw FormatError(file.name, "zlib could not be started")
    }
  }

  deinit {
    guard let inflater else { return }
    inflateEnd(inflater)
    inflater.deallocate()
  }

  /// Whether the bytes are inflated on the way.
  public var isCompressed: Bool { inflater != nil }

  /// No more bytes than this can follow: a claim of more is false, and need not be allocated for.
  public var maximumRemaining: Int {
    if atEnd { return 0 }
    let (count, overflow) = input.count.multipliedReportingOverflow(by: isCompressed ? 1032 : 1)
    if let expected { return max(0, expected.count - position) }
    // What zlib has taken in but not yet given out is less than its window.
    return overflow ? .max : count + (isCompressed ? 1 << 16 : 0)
  }

  /// Fills as much of `buffer` as there is.
  ///
  /// - Returns: the number of bytes; less than `buffer.count` only at the end.
  /// - Throws: `FormatError` if compressed data are damaged or end too early.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    let count = if let inflater { try inflate(inflater, into: buffer) } else { copy(into: buffer) }
    try check(UnsafeRawBufferPointer(rebasing: buffer[..<count]), isEnd: count < buffer.count)
    return count
  }

  private func check(_ bytes: UnsafeRawBufferPointer, isEnd: Bool) throws(FormatError) {
    guard let expected else { return }
    checksum = crc32_z(checksum, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    guard position <= expected.count, !isEnd || position == expected.count else {
      throw FormatError(
        file.name, at: .byte(input.lowerBound), "is not of the \(expected.count) bytes it is said to be")
    }
    guard position < expected.count || UInt32(truncatingIfNeeded: checksum) == expected.crc32 else {
      throw FormatError(file.name, at: .byte(input.lowerBound), "the checksum is wrong: the data are damaged")
    }
  }

  /// The next `count` bytes.
  ///
  /// - Parameter what: what they are, for the error.
  /// - Throws: `FormatError` if the data end before that, or are damaged.
  public func read(_ count: Int, _ what: String) throws(FormatError) -> [UInt8] {
    guard count <= maximumRemaining else { throw endsEarly(count, what) }
    var failure: FormatError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(FormatError) {
        initialized = try read(into: UnsafeMutableRawBufferPointer(buffer))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard bytes.count == count else { throw endsEarly(count, what) }
    return bytes
  }

  /// Checks that nothing follows.
  public func expectEnd() throws(FormatError) {
    guard try readToEnd(atMost: 1).isEmpty else {
      throw FormatError(file.name, at: .byte(position - 1), "more data follow than the header says")
    }
  }

  /// What follows, or its first `limit` bytes.
  public func readToEnd(atMost limit: Int) throws(FormatError) -> [UInt8] {
    var result: [UInt8] = []
    while result.count < limit {
      let wanted = min(limit - result.count, 1 << 20)
      let piece = try upTo(wanted)
      result += piece
      if piece.count < wanted { break }
    }
    return result
  }

  private func upTo(_ count: Int) throws(FormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: FormatError?
    let filled = bytes.withUnsafeMutableBytes { buffer in
      do throws(FormatError) {
        return try read(into: buffer)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    bytes.removeLast(count - filled)
    return bytes
  }

  private func endsEarly(_ count: Int, _ what: String) -> FormatError {
    FormatError(file.name, at: .byte(position), "ends before \(count) bytes of \(what)")
  }

  private func copy(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, input.count)
    let range = input.lowerBound..<input.lowerBound + count
    file.withBytes(in: range) { buffer.copyMemory(from: $0) }
    input = range.upperBound..<input.upperBound
    position += count
    return count
  }

  private func inflate(
    _ stream: UnsafeMutablePointer<z_stream>, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FormatError) -> Int {
    var filled = 0
    while filled < buffer.count, !atEnd {
      let status = step(stream, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), &filled)
      switch status {
      case Z_OK: break
      case Z_STREAM_END: try endOfMember(stream)
      case Z_BUF_ERROR where input.isEmpty:
        throw FormatError(file.name, at: .byte(input.lowerBound), "the compressed data end too early")
      case Z_BUF_ERROR: break
      default:
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
        throw FormatError(
          file.name, at: .byte(input.lowerBound), "the compressed data are damaged (\(reason))")
      }
      let consumed = file.count - input.count
      if position + filled > ByteStream.freeOutput, (position + filled) / ByteStream.maximumRatio > consumed {
        throw FormatError(
          file.name, at: .byte(input.lowerBound),
          "expands more than \(ByteStream.maximumRatio)-fold: refused as a decompression bomb")
      }
    }
    position += filled
    return filled
  }

  /// One call of zlib, with at most a gibibyte in and out since its counts have 32 bits.
  private func step(
    _ stream: UnsafeMutablePointer<z_stream>, into output: UnsafeMutableRawBufferPointer, _ filled: inout Int
  ) -> Int32 {
    let given = min(input.count, 1 << 30)
    let room = min(output.count, 1 << 30)
    let status = file.withBytes(in: input.lowerBound..<input.lowerBound + given) { bytes in
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
      stream.pointee.avail_in = UInt32(given)
      stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(room)
      return CZlib.inflate(stream, Z_NO_FLUSH)
    }
    input = input.lowerBound + given - Int(stream.pointee.avail_in)..<input.upperBound
    filled += room - Int(stream.pointee.avail_out)
    return status
  }

  /// A gzip file may have several members one after the other, and zeros as padding after the last.
  private func endOfMember(_ stream: UnsafeMutablePointer<z_stream>) throws(FormatError) {
    guard encoding == .gzip, !input.isEmpty else {
      atEnd = true
      guard input.isEmpty else {
        throw FormatError(file.name, at: .byte(input.lowerBound), "bytes follow the compressed data")
      }
      return
    }
    if file.withBytes(in: input, { $0.allSatisfy { $0 == 0 } }) {
      atEnd = true
      return
    }
    guard inflateReset(stream) == Z_OK else {
      throw FormatError(file.name, at: .byte(input.lowerBound), "zlib could not go on")
    }
  }
}
