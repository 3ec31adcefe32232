import Formats
import Foundation
import Torch

/// The file of numbers that this program and an oracle both map: four regions of as many float32 each, for samples, originals,
/// outputs and gradients.
struct OracleMemory: ~Copyable {
  enum Region: Int { case samples, originals, outputs, gradients }

  let path: String
  /// Float32 values in each region.
  let capacity: Int
  private let address: UnsafeMutableRawPointer

  /// Makes and maps the file; it needs its name only until the oracle has mapped it too (``forgetName()``).
  /// - Throws: `SystemError`.
  init(capacity: Int) throws(SystemError) {
    let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
    var template = Array((folder + "/uae-oracle-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard descriptor >= 0 else { throw SystemError("create", path) }
    defer { close(descriptor) }
    let mapped =
      ftruncate(descriptor, off_t(capacity * 16)) == 0
      ? mmap(nil, capacity * 16, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED
    guard let mapped, mapped != MAP_FAILED else {
      let failure = SystemError("map", path)
      unlink(path)
      throw failure
    }
    (address, self.capacity) = (mapped, capacity)
  }

  deinit {
    munmap(address, capacity * 16)
    forgetName()
  }

  /// Removes the file's name, so that nothing is left of it however this program ends.
  func forgetName() { unlink(path) }

  private func region(_ region: Region) -> UnsafeMutablePointer<Float> {
    address.assumingMemoryBound(to: Float.self) + region.rawValue * capacity
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
