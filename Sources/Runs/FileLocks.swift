import Formats
import Foundation
import Synchronization

/// Exclusive locks on the numbered parts of one empty file, between processes and between threads of one.
///
/// A lock belongs to the open file, so the kernel frees it the instant its process ends, however it ends: nothing is
/// ever stale. Network file systems carry such locks between machines (NFS 4, Lustre with `flock`). Where a file system
/// has none, every lock is granted; users see to it that work done twice then gives equal bytes.
public final class FileLocks: Sendable {
  private let descriptor: Int32
  private let locksAreMissing = Mutex(false)

  /// - Throws: `SystemError` where the file cannot be made.
  public init(path: String) throws(SystemError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemError("open", path) }
  }

  deinit { close(descriptor) }

  /// False where the file system has no locks.
  public var supported: Bool { !locksAreMissing.withLock(\.self) }

  /// Takes the lock on a part; false if somebody else has it and `waiting` is false.
  public func acquire(_ part: Int, waiting: Bool = false) -> Bool { set(F_WRLCK, part, wait: waiting) }

  /// Gives a part up.
  public func release(_ part: Int) { _ = set(F_UNLCK, part, wait: false) }

  /// The parts from `first` on that are held by living processes at this moment, this one's other files included.
  public static func held(path: String, from first: Int) -> [Int] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var parts: [Int] = []
    // The kernel names any one lock in a range, not the first: look again on both sides of it.
    var ranges: [Range<off_t>] = [off_t(first)..<off_t.max]
    while let range = ranges.popLast() {
      var region = flock()
      region.l_type = Int16(F_WRLCK)
      region.l_whence = Int16(SEEK_SET)
      region.l_start = range.lowerBound
      region.l_len = range.upperBound - range.lowerBound
      guard fcntl(descriptor, Command.query, &region) == 0, region.l_type != Int16(F_UNLCK), region.l_len > 0
      else { continue }
      let held = (region.l_start..<region.l_start + region.l_len).clamped(to: range)
      parts += held.map { Int($0) }
      ranges += [range.lowerBound..<held.lowerBound, held.upperBound..<range.upperBound].filter {
        !$0.isEmpty
      }
    }
    return parts.sorted()
  }

  private func set(_ type: some BinaryInteger, _ part: Int, wait: Bool) -> Bool {
    guard supported else { return true }
    var region = flock()
    region.l_type = Int16(type)
    region.l_whence = Int16(SEEK_SET)
    region.l_start = off_t(part)
    region.l_len = 1
    while fcntl(descriptor, wait ? Command.setAndWait : Command.set, &region) != 0 {
      switch errno {
      case EINTR: continue
      case EAGAIN, EACCES: return false
      default:
        locksAreMissing.withLock { $0 = true }
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

/// A run directory's use of them: part 0 stands for its lists, part 1 + n for shard n.
extension FileLocks {
  /// Claims a shard; false if a living process has it.
  func claim(_ shard: Int) -> Bool { acquire(shard + 1) }

  func release(shard: Int) { release(shard + 1) }

  /// Runs `body` while no other process reads or writes the directory's lists.
  func exclusively<Value>(_ body: () throws -> Value) rethrows -> Value {
    _ = acquire(0, waiting: true)
    defer { release(0) }
    return try body()
  }

  /// The shards that living processes hold at this moment.
  static func shardsHeld(path: String) -> [Int] { held(path: path, from: 1).map { $0 - 1 } }
}
