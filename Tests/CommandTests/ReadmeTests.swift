import Foundation
import Testing

/// What the front page says to type works as it stands there, one command after the other in one folder.
@Suite(.serialized, .tags(.slow)) struct ReadmeTests {
  private static func text() throws -> String {
    try String(contentsOf: packageRoot.appending(path: "README.md"), encoding: .utf8)
  }

  /// The commands of the program, without the words that stand beside them.
  private static func commands() throws -> [String] {
    try text().replacing(/\\\n +/, with: "").split(separator: "\n").compactMap { line in
      guard line.hasPrefix("    ./uae ") else { return nil }
      let command = line.dropFirst(4)
      return String(command.firstRange(of: #/   +/#).map { command[..<$0.lowerBound] } ?? command)
    }
  }

  /// What makes a command short: it is tried here, not how well it does.
  private static let shortened = [
    "augment": ["--limit", "60", "--updates", "20", "--seeds", "2", "--threads", "1"],
    "train": ["--limit", "100", "--epochs", "1", "--threads", "1"],
    "reproduce": [
      "--only", "dataset=digits", "--only", "model=dense-autoencoder", "--seeds", "1", "--threads", "1",
    ],
    "attack": ["--limit", "20", "--threads", "1"],
  ]

  private static func python() throws -> String {
    try text().matches(of: /```python\n((?:.|\n)*?)```/).map { String($0.1) }.joined(separator: "\n")
  }

  @Test func everyCommandRunsAsItStandsThere() throws {
    let folder = try TemporaryFolder()
    let environment = PythonEnvironment.oneThread.merging([
      "UAE": program, "PYTHONPATH": packageRoot.appending(path: "Python").path,
      "PYTHONDONTWRITEBYTECODE": "1",
    ]) { $1 }
    let hasPython = PythonEnvironment.problem == nil
    if hasPython {
      try folder.write(Self.python(), to: "page.py")
      let result = try run(
        [PythonEnvironment.interpreter, "page.py"], in: folder.url, environment: environment)
      #expect(result.status == 0, "\(result.errors.suffix(2000))")
      #expect(result.output.contains("torch.Size"), "\(result.output)")
    }
    let hasMNIST = ProcessInfo.processInfo.environment["UAE_DATA"] != nil
    let commands = try Self.commands()
    #expect(Set(commands.compactMap { $0.split(separator: " ").dropFirst().first }).count >= 8)
    for command in commands {
      let words = command.split(separator: " ").dropFirst().map(String.init)
      guard hasMNIST || !(words.contains("mnist") || words.contains("adversarial.npz")) else { continue }
      guard hasPython || !words.contains("model.pt2") else { continue }
      let result = try run(
        [program] + words + (Self.shortened[words[0]] ?? []), in: folder.url, environment: environment)
      #expect(result.status == 0, "\(command): \(result.errors.suffix(600))")
    }
  }

  @Test func everyLinkLeadsSomewhere() throws {
    for page in [
      "README.md", "docs/own-models.md", "docs/augmenting.md", "CONTRIBUTING.md", "Examples/README.md",
    ] {
      let url = packageRoot.appending(path: page)
      let text = try String(contentsOf: url, encoding: .utf8)
      let links = text.matches(of: /\]\(([^)#]+)\)|src="([^"]+)"/).map { String($0.1 ?? $0.2 ?? "") }
      #expect(page == "CONTRIBUTING.md" || !links.isEmpty)
      for link in links where !link.hasPrefix("http") {
        let target = URL(filePath: link, relativeTo: url).standardizedFileURL.path
        #expect(FileManager.default.fileExists(atPath: target), "\(page): \(link)")
      }
    }
  }
}
