import Foundation

/// A process under test, whose end is seen exactly: exit code or signal, duration, peak memory.
final class ChildProcess {
  struct End {
    /// The exit code; nil if a signal ended the process.
    var code: Int32?
    /// The signal; nil if the process exited.
    var signal: Int32?
    var seconds: Double
    /// Processor time, user and system.
    var processorSeconds: Double
    /// Nil where the memory was not watched.
    var peakKiB: Int?
    /// Standard output and standard error together.
    var output: String
  }

  let identifier: pid_t
  private let started = ContinuousClock.now
  private let outputPath: String

  /// - Parameter environment: added to this process's own, without a launcher's rank.
  init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    outputPath = FileManager.default.temporaryDirectory.path + "/fault-output-\(UUID())"
    var all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    for name in ["RANK", "WORLD_SIZE"] where environment[name] == nil { all[name] = nil }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let argv = ([executable] + arguments).map { strdup($0) } + [nil]
    let envp = all.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    // Threads of a test process block signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let code = posix_spawn(&child, executable, &actions, &attributes, argv, envp)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }
    identifier = child
  }

  deinit { unlink(outputPath) }

  func signal(_ number: Int32) { kill(identifier, number) }

  /// Waits for the end.
  ///
  /// - Parameter watchesMemory: asks for the peak memory as long as the process lives. What `wait4` says of it is no less
  ///   than this process's own, whose memory a child has until it is another program.
  func wait(watchesMemory: Bool = false) -> End {
    var status: Int32 = 0
    var usage = rusage()
    var peak: Int?
    while true {
      if watchesMemory { peak = memory() ?? peak }
      let ended = wait4(identifier, &status, watchesMemory ? WNOHANG : 0, &usage)
      if ended == identifier || (ended < 0 && errno != EINTR) { break }
      if watchesMemory { usleep(10_000) }
    }
    let seconds = started.duration(to: .now) / .seconds(1)
    let output =
      FileManager.default.contents(atPath: outputPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let signal = status & 0x7f
    return End(
      code: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal, seconds: seconds,
      processorSeconds: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime),
      peakKiB: peak, output: output)
  }

  /// The peak memory of the living process in KiB; nil where the system does not say.
  private func memory() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8) else {
      return nil
    }
    return text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      .flatMap { line in Int(line.filter(\.isNumber)) }
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  /// Runs a process to its end.
  static func run(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> End {
    try ChildProcess(executable, arguments, environment: environment).wait()
  }
}

/// Whether nobody else keeps this machine's cores busy, so that durations mean something.
var machineIsQuiet: Bool {
  var load = [0.0]
  return getloadavg(&load, 1) == 1 && load[0] < Double(ProcessInfo.processInfo.activeProcessorCount) + 0.5
}

/// What the build made, beside the test bundle.
enum Built {
  static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().path
  static let worker = folder + "/fault-worker"
  static let uae = folder + "/uae"
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// The library that makes system calls fail, compiled once by the compiler that comes with Swift.
  static let preload: String? = {
    let library = FileManager.default.temporaryDirectory.path + "/faults-\(getpid()).so"
    let arguments = ["-shared", "-fPIC", "-O1", "-o", library, root + "/Tests/FaultTests/Preload/faults.c"]
    let end = try? ChildProcess.run("/usr/bin/env", ["clang"] + arguments)
    return end?.code == 0 ? library : nil
  }()
}
