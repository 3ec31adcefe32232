import ArgumentParser
import Formats
import Foundation
import Reports
import Runs

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one page of a run or study that any browser shows, without a network.",
    discussion:
      "The page holds the command, results, pictures, plots of what was measured, tables and settings.")

  @Argument(help: "The folder of a run or of a study.")
  var folder: String

  @Option(name: .long, help: "The page to write (default: the name of the folder with .html, here).")
  var out: String?

  @Flag(name: .long, help: "Replace an existing file.")
  var overwrite = false

  func run() throws {
    let base = URL(fileURLWithPath: folder).standardizedFileURL
    let path = out ?? base.lastPathComponent + ".html"
    try OutputFile(path: path, endings: ["html"]).claim(overwrite: overwrite)
    let runs = (try? RunDirectory.runs(under: folder).map { try RunStatus(folder: $0).summary }) ?? []
    let page = try RunPage.html(folder: folder, status: runs.isEmpty ? nil : runs.joined(separator: "\n"))
    try AtomicFile.write(Array(page.utf8), to: path)
    print(path)
  }
}
