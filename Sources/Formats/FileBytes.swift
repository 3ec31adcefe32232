import Foundation

/// The bytes of a file, mapped into memory: nothing is read until it is looked at, so a file may be larger than memory.
///
/// A mapped file must not be cut short by another program while it is in use (the operating system would end the
/// process); files written by `AtomicFile` never are.
public final class FileBytes: Sendable {
  /// The path, or what stands for it in errors where the bytes came from memory.
  public let name: String
  /// How many there are.
  public let count: Int
  private nonisolated(unsafe) let base: UnsafeRawPointer?
  private let isMapped: Bool

  /// Maps a regular file.
  ///
  /// - Parameter isWritable: whether its bytes may be changed in memory, which changes neither the file nor what others see.
  /// - Throws: `SystemError` if it cannot be opened, `FormatError` if it is a folder, a pipe or a device.
  public init(mapping path: String, isWritable: Bool = false) throws {
    // Not to wait for a writer if the path is a pipe.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemError("read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FormatError(path, "is not a regular file")
    }
    name = path
    count = Int(status.st_size)
    isMapped = true
    guard count > 0 else {
      base = nil
      return
    }
    // A page that is never written takes no room of its own, whatever the file's size.
    let flags = isWritable ? MAP_PRIVATE | MAP_NORESERVE : MAP_PRIVATE
    let rights = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    guard let address = mmap(nil, count, rights, flags, descriptor, 0), address != MAP_FAILED else {
      throw SystemError("map", path)
    }
    base = UnsafeRawPointer(address)
  }

  /// Holds a copy of bytes in memory. `name` stands for a path in errors.
  public init(_ bytes: some Collection<UInt8>, name: String = "memory") {
    self.name = name
    count = bytes.count
    isMapped = false
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    _ = copy.initialize(from: bytes)
    base = UnsafeRawPointer(copy.baseAddress)
  }

  deinit {
    if isMapped, let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
    if !isMapped { base?.deallocate() }
  }

  /// Calls `body` with the bytes in `range`, which must lie in `0..<count`.
  @inlinable
  public func withBytes<Result>(
    in range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try body(UnsafeRawBufferPointer(rebasing: buffer[range]))
  }

  /// A copy of the bytes in `range`, which must lie in `0..<count`.
  public func bytes(in range: Range<Int>) -> [UInt8] {
    withBytes(in: range) { [UInt8]($0) }
  }

  /// Whether the file begins with these bytes.
  public func hasPrefix(_ prefix: [UInt8]) -> Bool {
    count >= prefix.count && bytes(in: 0..<prefix.count) == prefix
  }

  /// A little-endian number at `offset`, or nil where the file ends before it does.
  package func littleEndian<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number? {
    guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
    return Number(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  /// Valid as long as `self` is; slicing it checks its bounds.
  @usableFromInline
  var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
