import Foundation
import Testing

/// The Python package and `--oracle`, as a user has them.
@Suite(.serialized)
struct DoorTests {
  @Test(
    .tags(.slow),
    .enabled(
      if: PythonEnvironment.problem == nil, "no Python to judge by: \(PythonEnvironment.problem ?? "")"))
  func thePackagesOwnTestsPass() throws {
    let python = packageRoot.appending(path: "Python")
    let result = try run(
      [PythonEnvironment.interpreter, "-m", "unittest", "discover", "-s", "tests", "-t", "."], in: python,
      environment: PythonEnvironment.oneThread.merging(["UAE": program, "PYTHONDONTWRITEBYTECODE": "1"]) {
        $1
      })
    #expect(result.status == 0, "\(result.errors.suffix(4000))")
    #expect(result.errors.contains("OK"), "\(result.errors.suffix(400))")
  }

  /// However the program dies, the oracle and its children die with it, a deaf one too.
  @Test func noOracleOutlivesAKilledProgram() throws {
    let folder = try TemporaryFolder()
    let mark = folder.url.appending(path: "pid").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.currentDirectoryURL = folder.url
    process.arguments = [
      "attack", "--oracle", "trap '' TERM INT HUP; sleep 1000 & echo $! > pid; wait", "--dataset", "digits",
      "--out", "o.npz",
      "--quiet",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    var child: pid_t?
    for _ in 0..<500 where child == nil {
      child = (try? String(contentsOfFile: mark, encoding: .utf8)).flatMap {
        pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
      usleep(20_000)
    }
    let oracle = try #require(child)
    #expect(kill(oracle, 0) == 0)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    var isGone = false
    for _ in 0..<250 where !isGone {
      isGone =
        kill(oracle, 0) != 0
        || (try? String(contentsOfFile: "/proc/\(oracle)/stat", encoding: .utf8))?.contains(") Z ") == true
      usleep(20_000)
    }
    #expect(isGone)
  }
}
