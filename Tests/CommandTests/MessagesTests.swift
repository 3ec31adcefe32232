import Foundation
import Testing

/// Every option that a message of the program names is one of each command that can say it.
@Suite struct MessagesTests {
  /// Where messages stand, the longest path that fits deciding, and the commands that can say them.
  private static let speakers: [(place: String, commands: [String])] = [
    ("uae/AttackCommand", ["attack"]), ("uae/AugmentCommand", ["augment"]), ("uae/TrainCommand", ["train"]),
    ("uae/DoctorCommand", ["doctor"]), ("uae/EvaluateCommand", ["evaluate model"]),
    ("uae/ExportCommand", ["export"]), ("uae/ReproduceCommand", ["reproduce"]),
    ("uae/DataCommand", ["data preview"]), ("uae/StatusCommand", ["status"]),
    ("uae/SelectCommand", ["select"]), ("Selection/", ["select"]), ("uae/SealCommand", ["seal"]),
    ("uae/Support/ModelOptions", ["attack", "doctor", "evaluate model"]),
    ("uae/Support/ClassData", ["attack"]), ("uae/Support/Remedies", ["attack"]),
    ("uae/Support/AugmentedData", ["train"]),
    ("uae/Support/LogOptions", ["attack", "augment", "train"]),
    ("Attacks/Criteria/Targeted", ["attack"]),
    ("uae/Support/Options", ["attack", "augment", "train", "doctor", "evaluate model", "select"]),
    ("uae/Support/RecipeOptions", ["attack", "augment", "doctor"]),
    ("uae/Support/SettingFlags", ["attack", "augment", "doctor"]),
    ("uae/Support/OutputFile", ["attack", "data preview", "export", "report"]),
    ("Datasets/", ["attack", "augment", "train", "doctor", "evaluate model", "data preview", "select"]),
    ("Formats/", ["attack", "augment", "train", "doctor", "evaluate model", "data preview", "select"]),
    ("Models/Script/", ["attack", "doctor", "evaluate model"]),
    ("Models/Oracle/", ["attack", "doctor", "evaluate model"]),
    ("Attacks/", ["attack", "augment", "doctor"]),
    ("Attacks/Preflight", ["attack", "doctor"]), ("Attacks/Examples/", ["attack"]),
    ("Attacks/Trust/", ["doctor"]), ("Runs/Rank", ["attack"]),
    ("Experiments/", ["reproduce"]), ("Experiments/Augment/", ["augment"]),
    ("Experiments/Search/", ["augment"]),
  ]

  private static func options(in text: some StringProtocol) -> [String] {
    String(text).matches(of: /(?:^|[^-\w])(--[a-z][a-z-]*[a-z])/).map { String($0.1) }
  }

  /// The options in string literals of a file, comments and declarations of flags left out.
  private static func named(in source: String) -> [String] {
    source.split(separator: "\n").filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
      .flatMap { line in line.split(separator: "\"", omittingEmptySubsequences: false).enumerated() }
      .filter { $0.offset % 2 == 1 }.flatMap { options(in: $0.element) }
  }

  @Test func everyOptionInAMessageIsOneOfTheCommandThatSaysIt() throws {
    var known: [String: Set<String>] = [:]
    for command in Set(Self.speakers.flatMap(\.commands)) {
      let help = try run([program] + command.split(separator: " ").map(String.init) + ["--help"])
      known[command] = Set(Self.options(in: help.output))
      #expect(known[command]?.contains("--help") == true, "\(command): \(help.errors)")
    }
    let sources = packageRoot.appending(path: "Sources")
    let files = try #require(FileManager.default.enumerator(atPath: sources.path))
    var found = 0
    for case let file as String in files where file.hasSuffix(".swift") {
      let names = Self.named(in: try String(contentsOf: sources.appending(path: file), encoding: .utf8))
        .filter { $0 != "--help" }
      guard !names.isEmpty else { continue }
      let place = Self.speakers.filter { file.hasPrefix($0.place) }.max { $0.place.count < $1.place.count }
      let speaker = try #require(place, "\(file) names \(names): which commands say it?")
      for command in speaker.commands {
        for name in names {
          #expect(known[command]?.contains(name) == true, "\(file): \(command) has no \(name)")
        }
      }
      found += names.count
    }
    // The scan itself finds something.
    #expect(found > 30)
  }

  @Test func aWordMeansOneThingInAllCommands() throws {
    // What a flag takes, and what it is for, is told in the same words wherever it is an option of a model's or of data.
    let helps = try ["attack", "augment", "train", "doctor", "evaluate model", "data preview", "select"].map {
      command in
      try run([program] + command.split(separator: " ").map(String.init) + ["--help"]).output
        .split(separator: "\n", omittingEmptySubsequences: false)
    }
    for option in [
      "--model", "--checkpoint", "--range", "--input-key", "--label-key", "--layout", "--data-root",
      "--family",
    ] {
      var words: Set<String> = []
      for lines in helps {
        guard let first = lines.firstIndex(where: { $0.hasPrefix("  \(option) ") }) else { continue }
        let rest = lines[(first + 1)...].prefix { $0.hasPrefix("      ") }
        words.insert(
          ([lines[first]] + rest).joined(separator: " ").split(separator: " ").joined(separator: " "))
      }
      #expect(words.count == 1, "\(option): \(words)")
    }
  }
}
