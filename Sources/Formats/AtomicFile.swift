import Foundation

/// Files that appear whole or not at all, whatever happens to the process, the machine or the disk meanwhile.
///
/// The bytes go to a temporary name in the same folder, are forced to the disk (`fsync`), and only then take the final
/// name (`rename`); the folder's entry is forced to the disk too. A reader never sees half a file, and what was there
/// before stays until the new content is safe.
public enum AtomicFile {
  /// How temporary names end; a file named so is left over from a process that died, and may be deleted.
  public static let temporarySuffix = ".partial"

  /// Writes `bytes` as the whole content of the file at `path`, replacing what is there.
  ///
  /// - Throws: `SystemError` with the call and `errno` that failed (`ENOSPC` for a full disk). The temporary file is
  ///   then removed, and a file already at `path` is untouched.
  public static func write(_ bytes: some ContiguousBytes, to path: String) throws(SystemError) {
    let file = URL(fileURLWithPath: path)
    let folder = file.deletingLastPathComponent().path
    // Names differ between processes, so two writers of one file never share a temporary one.
    let unique = "\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 16))"
    let temporary = "\(folder)/.\(file.lastPathComponent).\(unique)\(temporarySuffix)"

    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemError("write", path) }
    do throws(SystemError) {
      defer { close(descriptor) }
      try append(bytes, to: descriptor, path: path)
      guard fsync(descriptor) == 0 else { throw SystemError("write", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let failure = SystemError("rename", path)
      unlink(temporary)
      throw failure
    }
    try synchronizeFolder(folder)
  }

  /// Writes all of `bytes` at a descriptor's position. `path` is only named in the error.
  package static func append(
    _ bytes: some ContiguousBytes, to descriptor: Int32, path: String
  ) throws(SystemError) {
    let failure: Int32 = bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: buffer[written...]))
        if count > 0 {
          written += count
        } else if count == 0 {
          return EIO
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
    if failure != 0 { throw SystemError("write", path, code: failure) }
  }

  /// Forces a folder's entries (new, renamed and removed names) to the disk.
  package static func synchronizeFolder(_ folder: String) throws(SystemError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open", folder) }
    defer { close(descriptor) }
    // Some network file systems have no such call for folders and write entries at once: EINVAL is their answer.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw SystemError("synchronise", folder) }
  }
}

/// `write(2)`, which `AtomicFile.write` hides inside that type.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
