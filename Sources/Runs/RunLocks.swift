import Formats
import Foundation

/// Claims of living processes on the shards of one run directory.
///
/// One empty file, `.lock`; byte 0 stands for the directory's lists, byte 1 + n for shard n. A lock belongs to the
/// open file, so the kernel frees it the instant its process ends, however it ends: nothing is ever stale. Network
/// file systems carry such locks between machines (NFS 4, Lustre with `flock`); where a file system has none, ranks
/// still never share a shard, and two processes of the *same* rank would at worst make one twice, with equal bytes.
final class RunLocks {
  private let descriptor: Int32
  /// False where the file system has no locks.
  private(set) var supported = true

  init(path: String) throws(RunError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .storage(SystemError("open", path)) }
  }

  deinit { close(descriptor) }

  /// Claims a shard; false if a living process has it.
  func claim(_ shard: Int) -> Bool { set(F_WRLCK, byte: shard + 1, wait: false) }

  func release(_ shard: Int) { _ = set(F_UNLCK, byte: shard + 1, wait: false) }

  /// Runs `body` while no other process reads or writes the directory's lists.
  func exclusively<Value>(_ body: () throws -> Value) rethrows -> Value {
    _ = set(F_WRLCK, byte: 0, wait: true)
    defer { _ = set(F_UNLCK, byte: 0, wait: false) }
    return try body()
  }

  /// The shards that living processes hold at this moment.
  static func claimed(path: String) -> [Int] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var shards: [Int] = []
    // The kernel names any one lock in a range, not the first: look again on both sides of it.
    var ranges: [Range<off_t>] = [1..<off_t.max]
    while let range = ranges.popLast() {
      var region = flock()
      region.l_type = Int16(F_WRLCK)
      region.l_whence = Int16(SEEK_SET)
      region.l_start = range.lowerBound
      region.l_len = range.upperBound - range.lowerBound
      guard fcntl(descriptor, Command.query, &region) == 0, region.l_type != Int16(F_UNLCK), region.l_len > 0
      else { continue }
      let held = (region.l_start..<region.l_start + region.l_len).clamped(to: range)
      shards += held.map { Int($0) - 1 }
      ranges += [range.lowerBound..<held.lowerBound, held.upperBound..<range.upperBound].filter {
        !$0.isEmpty
      }
    }
    return shards.sorted()
  }

  private func set(_ type: some BinaryInteger, byte: Int, wait: Bool) -> Bool {
    guard supported else { return true }
    var region = flock()
    region.l_type = Int16(type)
    region.l_whence = Int16(SEEK_SET)
    region.l_start = off_t(byte)
    region.l_len = 1
    while fcntl(descriptor, wait ? Command.setAndWait : Command.set, &region) != 0 {
      switch errno {
      case EINTR: continue
      case EAGAIN, EACCES: return false
      default:
        supported = false
        return true
      }
    }
    return true
  }

  /// Locks that belong to the open file, not to the process as POSIX's do (those vanish when any descriptor of the
  /// file is closed, and do not hold within a process). Swift does not import their numbers.
  private enum Command {
    #if os(Linux)
      static let query: Int32 = 36  // F_OFD_GETLK
      static let set: Int32 = 37  // F_OFD_SETLK
      static let setAndWait: Int32 = 38  // F_OFD_SETLKW
    #else
      static let set: Int32 = 90
      static let setAndWait: Int32 = 91
      static let query: Int32 = 92
    #endif
  }
}
