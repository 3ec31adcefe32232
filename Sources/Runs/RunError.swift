import Formats
import Foundation

/// What can go wrong with a run directory. Every message is one line: what, where, and what to do.
public enum RunError: Error, Equatable, CustomStringConvertible {
  /// The folder holds a run of another recipe, model, data set, plan or software.
  case otherRun(folder: String, difference: String)
  /// The folder exists and holds something that is not a run.
  case notARun(folder: String, found: String)
  /// Neither the manifest nor the recipe nor any listed shard tells which run this is.
  case unrecognisable(folder: String)
  /// The operating system refused to read or write a file.
  case storage(SystemError)
  /// A plan that cannot be: empty or negative.
  case plan(String)
  /// Rank and world size that contradict each other, or one without the other.
  case rank(String)
  /// What a worker returned does not fit the range it was asked for.
  case result(shard: Int, String)
  /// Shards that are not finished, so the run cannot be sealed.
  case unfinished(folder: String, shards: [Int], of: Int)

  public var description: String {
    switch self {
    case .otherRun(let folder, let difference):
      "\(folder) holds another run: \(difference). Repeat that run's command to resume it, or name another folder"
    case .notARun(let folder, let found):
      "\(folder) is not a run directory (it holds \(found)). Name a new or an empty folder"
    case .unrecognisable(let folder):
      "\(folder) holds a run whose manifest.json and recipe.yaml are both damaged, with no shard that shows what it"
        + " was. Name another folder, or delete this one"
    case .storage(let error): Self.advice(error)
    case .plan(let text): text
    case .rank(let text): text
    case .result(let shard, let text): "shard \(shard): \(text)"
    case .unfinished(let folder, let shards, let count):
      "\(folder): \(shards.count) of \(count) shards are not finished (\(Self.list(shards)))."
        + " Repeat the run's command to make them, then seal"
    }
  }

  private static func advice(_ error: SystemError) -> String {
    let safe = "what is finished is safe; give the same command again to go on"
    switch error.code {
    case ENOSPC: return "\(error.path): the disk is full. Free some space: \(safe)"
    case EDQUOT: return "\(error.path): your disk quota is used up. Free some space: \(safe)"
    case EROFS, EACCES, EPERM:
      return "\(error): make the folder writable, or name another one: \(safe)"
    case ENOENT, ENOTDIR, ESTALE:
      return "\(error.path) has vanished (folder removed, or its disk detached). Bring it back, or start anew"
    case EFBIG: return "\(error.path): the limit on file size is reached (ulimit -f). Raise it: \(safe)"
    case ENOMEM: return "\(error.path): not enough memory. Lower the threads: \(safe)"
    case EMFILE, ENFILE: return "\(error.path): too many open files (ulimit -n). Raise the limit: \(safe)"
    case EIO: return "\(error.path): the disk reports an input/output error. Check it: \(safe)"
    default: return "\(error). Then: \(safe)"
    }
  }

  /// Shard numbers as ranges, the first few of them: `0-4, 7, 9-12, …`.
  static func list(_ shards: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for shard in shards.sorted() {
      if let last = ranges.last, last.upperBound + 1 == shard {
        ranges[ranges.count - 1] = last.lowerBound...shard
      } else {
        ranges.append(shard...shard)
      }
    }
    let shown = ranges.prefix(8).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }
    return shown.joined(separator: ", ") + (ranges.count > 8 ? ", …" : "")
  }
}

/// Runs `body`, turning failures of the operating system into the module's own error.
func storing<Value>(_ body: () throws(SystemError) -> Value) throws(RunError) -> Value {
  do { return try body() } catch { throw .storage(error) }
}
