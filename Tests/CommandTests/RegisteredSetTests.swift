import Foundation
import Testing

/// The whole way, as a user goes it, on every registered set: on the published files where they are, else on small files of
/// their layout.
@Suite(.serialized) struct RegisteredSetTests {
  private static let root = ProcessInfo.processInfo.environment["UAE_DATA"]
  private static let here = [
    "digits", "mnist", "fashion-mnist", "cifar10", "svhn", "isolet", "coil20", "mice-protein",
  ].filter { name in
    name == "digits" || root.map { FileManager.default.fileExists(atPath: "\($0)/\(name)") } ?? false
  }

  private func augment(_ name: String, dataRoot: String?) throws {
    let folder = try TemporaryFolder()
    let result = try run(
      [
        program, "augment", "--dataset", name, "--limit", "40", "--epochs", "1", "--iterations", "5",
        "--quiet",
        "--json", "--out", folder.url.path + "/run",
      ] + (dataRoot.map { ["--data-root", $0] } ?? []))
    // One pass over 40 samples trains next to nothing; an attack without any success says so, and is an end all the same.
    #expect(
      result.status == 0 || result.errors.contains("no sample was attacked successfully"), "\(result.errors)")
    let results = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    #expect((results?["dataset"] as? [String: Any])?["name"] as? String == name)
  }

  @Test(arguments: here) func theWholeWayRunsOnThePublishedFiles(name: String) throws {
    try augment(name, dataRoot: Self.root)
  }

  /// Layouts whose published files are seldom here: fixed-width text with the labels apart, and text with a label of `1.`
  @Test(arguments: ["activity", "isolet"]) func theWholeWayRunsOnTextOfThePublishedLayout(name: String) throws
  {
    let folder = try TemporaryFolder()
    func row(_ index: Int, _ features: Int) -> [Double] {
      (0..<features).map { sin(Double(index * 31 + $0) * 0.37) }
    }
    if name == "activity" {
      for (part, count) in [("train", 60), ("test", 12)] {
        let lines = (0..<count).map { row($0, 561).map { String(format: "%16.7e", $0) }.joined() }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "activity/final_X_\(part).txt")
        let labels = (0..<count).map { "\($0 % 6 + 1)" }
        try folder.write(labels.joined(separator: "\n") + "\n", to: "activity/final_y_\(part).txt")
      }
    } else {
      for (file, count) in [("isolet1+2+3+4", 52), ("isolet5", 26)] {
        let lines = (0..<count).map { index in
          (row(index, 617).map { String(format: "%.4f", $0) } + ["\(index % 26 + 1)."]).joined(
            separator: ", ")
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "isolet/\(file).data")
      }
    }
    try augment(name, dataRoot: folder.url.path)
  }
}
