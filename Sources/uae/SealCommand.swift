import ArgumentParser
import Runs

struct SealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Confirm every shard of a run by its digest and complete the manifest.",
    discussion:
      "The process that finishes the last shard seals a run by itself; this does it again from outside.")

  @Argument(help: "The run's folder.")
  var folder: String

  func run() throws {
    for path in try RunDirectory.runs(under: folder) {
      let directory = try RunDirectory(existing: path)
      for note in directory.notes { StandardError.write(note + "\n") }
      try directory.seal()
      print("\(path): \(directory.totals.shards) shards confirmed, sealed")
    }
  }
}
