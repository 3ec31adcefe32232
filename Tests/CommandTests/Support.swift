import Foundation
import Testing

extension Tag {
  /// Takes more than a few seconds.
  @Tag static var slow: Self
}

/// The root of the package under test.
let packageRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// What a finished command left behind.
struct Finished {
  var status: Int32
  var output: String
  var errors: String
  var seconds: Double
}

/// Runs a command to its end. The environment is exactly the one given, by default the tests' own.
func run(
  _ command: [String], in folder: URL? = nil, environment: [String: String]? = nil
) throws -> Finished {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  if let folder { process.currentDirectoryURL = folder }
  if let environment { process.environment = environment }
  process.standardInput = FileHandle.nullDevice
  // Files, not pipes: a full pipe would stop the command.
  let scratch = try TemporaryFolder()
  let output = scratch.url.appendingPathComponent("output")
  let errors = scratch.url.appendingPathComponent("errors")
  for url in [output, errors] { try Data().write(to: url) }
  process.standardOutput = try FileHandle(forWritingTo: output)
  process.standardError = try FileHandle(forWritingTo: errors)
  let start = ContinuousClock.now
  try process.run()
  process.waitUntilExit()
  let elapsed = ContinuousClock.now - start
  return Finished(
    status: process.terminationStatus,
    output: try String(contentsOf: output, encoding: .utf8),
    errors: try String(contentsOf: errors, encoding: .utf8),
    seconds: elapsed / .seconds(1))
}

/// A folder that is gone when the test lets go of it. Its name holds a blank, so that scripts meet one.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("uae test \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ text: String, to path: String) throws {
    let file = url.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
}

/// Only what a login shell always has.
var bareEnvironment: [String: String] {
  ProcessInfo.processInfo.environment.filter { ["PATH", "HOME"].contains($0.key) }
}
