import ArgumentParser
import Formats
import Runs

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract:
      "Look at a run from outside, while it goes on or after: what is done, by whom, how long it takes.",
    discussion: "Reads only. A folder of `uae augment` shows the attacks in it.")

  @Argument(help: "The run's folder.")
  var folder: String

  @Flag(name: .long, help: "Print one JSON document on standard output instead of text.")
  var json = false

  func run() throws {
    let runs = try RunDirectory.runs(under: folder).map { try RunStatus(folder: $0) }
    if json {
      print(try JSON.text(["runs": runs]))
    } else {
      for run in runs { print(run.summary) }
    }
  }
}
