import Formats
import Foundation
import Torch

/// The file of numbers that this program and an oracle both map: four regions of as many float32 each, for samples, originals,
/// outputs and gradients.
struct OracleMemory: ~Copyable {
  enum Region: Int { case samples, originals, outputs, gradients }

  let path: String
  /// Float32 values in each region.
  private(set) var capacity = 0
  private let descriptor: Int32
  private var address: UnsafeMutableRawPointer?

  /// - Throws: `SystemError`.
  init(capacity: Int) throws(SystemError) {
    let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
    var template = Array((folder + "/uae-oracle-XXXXXX").utf8CString)
    descriptor = mkstemp(&template)
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard descriptor >= 0 else { throw SystemError("create", path) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    try grow(to: capacity)
  }

  deinit {
    if let address { munmap(address, bytes) }
    close(descriptor)
    unlink(path)
  }

  private var bytes: Int { capacity * 16 }

  /// Maps the file anew with more room; what it held is lost.
  mutating func grow(to capacity: Int) throws(SystemError) {
    guard ftruncate(descriptor, off_t(capacity * 16)) == 0 else { throw SystemError("extend", path) }
    if let address { munmap(address, bytes) }
    address = nil
    self.capacity = capacity
    let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let mapped, mapped != MAP_FAILED else { throw SystemError("map", path) }
    address = mapped
  }

  private func region(_ region: Region) -> UnsafeMutablePointer<Float> {
    guard let address else { preconditionFailure("the file is not mapped") }
    return address.assumingMemoryBound(to: Float.self) + region.rawValue * capacity
  }

  /// - Precondition: `x` has at most ``capacity`` values.
  func write(_ x: Tensor, to place: Region) {
    let x = x.detached().to(.cpu).to(.float32).contiguous()
    let count = x.count
    precondition(count <= capacity, "\(count) values in a region of \(capacity)")
    x.withFloats { if let from = $0.baseAddress { region(place).update(from: from, count: count) } }
  }

  /// - Precondition: the shape has at most ``capacity`` values.
  func read(_ shape: [Int], from place: Region) -> Tensor {
    let count = shape.reduce(1, *)
    precondition(count <= capacity, "\(count) values in a region of \(capacity)")
    let x = Tensor.empty(shape)
    x.withFloats { $0.baseAddress?.update(from: region(place), count: count) }
    return x
  }
}
