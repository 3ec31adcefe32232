import Formats
import Foundation

/// The process that serves a model, or the other end of a socket that was handed down; nothing of it outlives this program.
///
/// The command runs in a process group of its own, with a second process in it that waits for this program's end: it kills
/// the group when the pipe that only this program holds is closed, which the system does however the program dies.
final class OracleProcess: Sendable {
  /// The socket that requests and replies go through.
  let socket: Int32
  private let group: pid_t?
  private let watcher: pid_t?
  private let lifeline: Int32

  /// - Parameter command: a line for `/bin/sh`, or `fd:N` for a socket that the parent process holds the other end of.
  /// - Throws: ``OracleError`` where it cannot be started.
  init(_ command: String) throws {
    if command.hasPrefix("fd:") {
      guard let number = Int32(command.dropFirst(3)), fcntl(number, F_GETFD) != -1 else {
        throw OracleError(command, "there is no such descriptor; it is one that the parent process opened")
      }
      _ = fcntl(number, F_SETFD, FD_CLOEXEC)
      (socket, group, watcher, lifeline) = (number, nil, nil, -1)
      return
    }
    var ends: [Int32] = [-1, -1]
    var pipes: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Self.stream, 0, &ends) == 0, pipe(&pipes) == 0 else {
      throw OracleError(command, "no socket could be opened: \(String(cString: strerror(errno)))")
    }
    for end in ends + pipes { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { for end in [ends[1], pipes[0]] { close(end) } }
    do throws(SystemError) {
      let child = try Self.spawn(command, input: ends[1], output: ends[1], group: 0)
      do throws(SystemError) {
        watcher = try Self.spawn("read line; kill -KILL 0", input: pipes[0], output: nil, group: child)
      } catch {
        Self.end(group: child)
        waitpid(child, nil, 0)
        throw error
      }
      group = child
    } catch {
      for end in [ends[0], pipes[1]] { close(end) }
      throw OracleError(command, "cannot be started: \(String(cString: strerror(error.code)))")
    }
    (socket, lifeline) = (ends[0], pipes[1])
  }

  deinit {
    close(socket)
    guard let group else { return }
    close(lifeline)
    Self.end(group: group)
    for process in [group, watcher].compactMap(\.self) { waitpid(process, nil, 0) }
  }

  /// Ends the process at once; nothing more can be asked of it.
  func end() {
    if let group { Self.end(group: group) }
    _ = shutdown(socket, Int32(SHUT_RDWR))
  }

  private static func end(group: pid_t) { kill(-group, SIGKILL) }

  /// How the process ended, if it did: `with status 1`, `by signal 9`.
  var fate: String? {
    guard let group else { return nil }
    var information = siginfo_t()
    // Leaves the process to be waited for at the end. It may need a moment from closing its socket to its end.
    for _ in 0..<50 {
      guard waitid(P_PID, id_t(group), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return nil }
      if information.si_signo == SIGCHLD {
        let status = information._sifields._sigchld.si_status
        return information.si_code == CLD_EXITED ? "with status \(status)" : "by signal \(status)"
      }
      usleep(10_000)
    }
    return nil
  }

  private static var stream: Int32 { Int32(SOCK_STREAM.rawValue) }

  private static func spawn(
    _ command: String, input: Int32, output: Int32?, group: pid_t
  ) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, group)
    var process: pid_t = 0
    let arguments = ["/bin/sh", "-c", command].map { $0.withCString { strdup($0) } }
    defer { arguments.forEach { free($0) } }
    let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments + [nil], environ)
    guard code == 0 else { throw SystemError("start", command, code: code) }
    return process
  }
}
