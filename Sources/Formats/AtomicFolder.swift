import Foundation

/// Folders that appear whole or not at all: filled under another name, which a rename makes the final one.
public enum AtomicFolder {
  /// Fills a new folder and puts it at a path, replacing the folder that is there.
  ///
  /// - Parameter fill: writes the content into the folder at the path it is given.
  /// - Throws: `SystemError`, what `fill` throws; what was at the path is then untouched.
  public static func write(to path: String, _ fill: (String) throws -> Void) throws {
    let target = URL(fileURLWithPath: path)
    let parent = target.deletingLastPathComponent().path
    let unique = "\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 16))"
    let place = "\(parent)/.\(target.lastPathComponent).\(unique)\(AtomicFile.temporarySuffix)"
    guard mkdir(place, 0o777) == 0 else { throw SystemError("write", path) }
    do {
      try fill(place)
      let old = place + ".old"
      let exists = FileManager.default.fileExists(atPath: path)
      if exists, rename(path, old) != 0 { throw SystemError("replace", path) }
      guard rename(place, path) == 0 else {
        let failure = SystemError("rename", path)
        if exists { _ = rename(old, path) }
        throw failure
      }
      if exists { try FileManager.default.removeItem(atPath: old) }
      try AtomicFile.synchronizeFolder(parent)
    } catch {
      try? FileManager.default.removeItem(atPath: place)
      throw error
    }
  }
}
