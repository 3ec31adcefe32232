import Foundation
import Testing

/// What the front page says to type works as it stands there, one command after the other in one folder.
@Suite(.serialized, .tags(.slow)) struct ReadmeTests {
  private enum Step {
    /// A command of the program, without the words that stand beside it.
    case command(String)
    /// Python, which may use what the blocks above it made.
    case python(String)
  }

  private static func steps() throws -> [Step] {
    let text = try String(contentsOf: packageRoot.appending(path: "README.md"), encoding: .utf8)
      .replacing(/\\\n +/, with: "")
    return text.matches(of: /```python\n((?:.|\n)*?)```|\n    \.(\/uae .*)/).compactMap { match in
      if let block = match.1 { return .python(String(block)) }
      guard let line = match.2?.dropFirst(5) else { return nil }
      return .command(String(line.firstRange(of: #/   +/#).map { line[..<$0.lowerBound] } ?? line))
    }
  }

  /// What makes a command short: it is tried here, not how well it does.
  private static let shortened = [
    "augment": ["--limit", "60", "--updates", "20", "--seeds", "2", "--threads", "1"],
    "train": ["--limit", "100", "--epochs", "1", "--threads", "1"],
    "reproduce": [
      "--only", "dataset=digits", "--only", "model=dense-autoencoder", "--seeds", "1", "--threads", "1",
    ],
    "attack": ["--limit", "100", "--threads", "1"],
  ]

  @Test func everyCommandRunsAsItStandsThere() throws {
    let folder = try TemporaryFolder()
    let environment = PythonEnvironment.oneThread.merging([
      "UAE": program, "PYTHONPATH": packageRoot.appending(path: "Python").path,
      "PYTHONDONTWRITEBYTECODE": "1",
    ]) { $1 }
    let hasPython = PythonEnvironment.problem == nil
    let hasMNIST = ProcessInfo.processInfo.environment["UAE_DATA"] != nil
    var script = ""
    var tried: Set<String> = []
    for step in try Self.steps() {
      switch step {
      case .python(let block):
        guard hasPython else { continue }
        script += block
        try folder.write(script, to: "page.py")
        let result = try run(
          [PythonEnvironment.interpreter, "page.py"], in: folder.url, environment: environment)
        #expect(result.status == 0, "\(block): \(result.errors.suffix(2000))")
      case .command(let command):
        let words = command.split(separator: " ").map(String.init)
        tried.insert(words[0])
        guard hasMNIST || !(words.contains("mnist") || words.contains("adversarial.npz")) else { continue }
        guard hasPython || !words.contains("model.pt2") else { continue }
        let result = try run(
          [program] + words + (Self.shortened[words[0]] ?? []), in: folder.url, environment: environment)
        #expect(result.status == 0, "\(command): \(result.errors.suffix(600))")
      }
    }
    #expect(
      tried.isSuperset(of: ["--version", "augment", "attack", "doctor", "train", "select", "reproduce"]))
    #expect(script.contains("torch.export.save") && script.contains("uae.attack"))
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
