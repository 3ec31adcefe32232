import ArgumentParser
import Datasets
import Dispatch
import Formats
import Foundation
import Reports
import Runs
import Synchronization

/// The data sets: what is here, whether it is right, how to get the rest, what it looks like.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, verify, fetch and preview data sets.",
    subcommands: [
      DataListCommand.self, DataVerifyCommand.self, DataFetchCommand.self, DataPreviewCommand.self,
    ])
}

struct DataRootOptions: ParsableArguments {
  @Option(name: .long, help: "Folder of the real data sets; else the environment's UAE_DATA.")
  var dataRoot: String?

  @Flag(name: .long, help: "Print one JSON document on standard output instead of a table.")
  var json = false

  /// The registered set of this name.
  static func find(_ name: String) throws -> RegisteredDataset {
    guard let set = DatasetRegistry.named(name) else {
      throw DatasetError.unknown(name: name, nearest: DatasetRegistry.nearestName(to: name))
    }
    return set
  }

  static func print(_ value: some Encodable) throws {
    Swift.print(try JSON.text(value))
  }
}

/// `uae data list`
struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The registered sets: what is here, what is not, protocols and terms.")

  @OptionGroup var root: DataRootOptions

  private struct Entry: Encodable {
    let name, title: String
    let shape: [Int]
    let train, test, classes, bytes: Int
    let isHere: Bool
    let missing: [String]
    let splitAndScaling, licence, citation: String
  }

  func run() throws {
    let entries = DatasetRegistry.all.map { set in
      let (bytes, absent) = set.presence(dataRoot: root.dataRoot)
      let needed = Set(set.files.filter { !$0.isOptional }.map(\.name))
      let isHere =
        absent.allSatisfy { !needed.contains($0) } && (set.files.isEmpty || absent.count < set.files.count)
      return Entry(
        name: set.name, title: set.title, shape: set.sampleShape, train: set.trainCount, test: set.testCount,
        classes: set.classNames.count, bytes: bytes, isHere: isHere, missing: absent,
        splitAndScaling: set.protocolNote, licence: set.licence, citation: set.citation)
    }
    if root.json { return try DataRootOptions.print(entries) }
    for entry in entries {
      let shape = entry.shape.map(String.init).joined(separator: "×")
      let state =
        entry.isHere
        ? entry.bytes == 0 ? "built in" : "\(entry.bytes.formatted(.byteCount(style: .file)))" : "not here"
      print(
        "\(pad(entry.name, 15))\(pad(shape, 9))\(pad("\(entry.train) + \(entry.test)", 16))\(pad(state, 10))\(entry.title)"
      )
      if entry.isHere, !entry.missing.isEmpty {
        print("\(pad("", 15))without \(entry.missing.joined(separator: ", "))")
      }
    }
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}

/// `uae data verify [NAME…]`
struct DataVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare checksums and counts with those published. Exit code 1 if any is wrong.")

  @Argument(help: "The sets; without any, those that are here.")
  var names: [String] = []

  @OptionGroup var root: DataRootOptions

  func run() throws {
    let sets =
      names.isEmpty
      ? DatasetRegistry.all.filter { $0.files.isEmpty || $0.presence(dataRoot: root.dataRoot).bytes > 0 }
      : try names.map(DataRootOptions.find)
    let results = sets.map { Verification(of: $0, dataRoot: root.dataRoot) }
    if root.json { try DataRootOptions.print(results) } else { results.forEach(show) }
    if !results.allSatisfy(\.isSound) { throw ExitCode(1) }
  }

  private func show(_ result: Verification) {
    let counts = result.trainCount.map { "\($0) + \(result.testCount ?? 0) samples" } ?? "unreadable"
    let verdict = result.isComplete ? "complete" : result.isSound ? "sound, not complete" : "not as published"
    print(
      "\(result.name): \(verdict); \(counts), published \(result.publishedTrainCount) + \(result.publishedTestCount)"
    )
    for file in result.files {
      let state =
        switch file.status {
        case .published: "the published file"
        case .recorded: "as recorded; its publisher gives no checksum"
        case .differs: "differs from the published file: SHA-256 \(file.sha256 ?? "")"
        case .unknown: "no checksum is known for it: SHA-256 \(file.sha256 ?? "")"
        case .absent: "not here"
        }
      print("  \(file.name): \(state)")
    }
    for note in result.notes { print("  note: \(note)") }
    if let problem = result.problem { print("  problem: \(problem)") }
  }
}

/// `uae data fetch NAME`
struct DataFetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Download a set's published files; a broken download goes on where it broke off.")

  @Argument(help: "A registered set.")
  var name: String

  @OptionGroup var root: DataRootOptions

  func run() throws {
    let set = try DataRootOptions.find(name)
    guard let dataRoot = DatasetLoader.dataRoot(root.dataRoot) else {
      throw DatasetError.absent(name: name, folder: nil, files: [])
    }
    let shown = Mutex(ContinuousClock.now - .seconds(60))
    let fetcher = Fetcher(folder: "\(dataRoot)/\(set.name)") { file, done, total in
      let isDue = shown.withLock { last in
        guard ContinuousClock.now - last > .seconds(2) || done == total else { return false }
        last = .now
        return true
      }
      if isDue {
        let size = total.map { " of \($0.formatted(.byteCount(style: .file)))" } ?? ""
        StandardError.write("\(file): \(done.formatted(.byteCount(style: .file)))\(size)\n")
      }
    }
    let fetched = try waiting { try await fetcher.fetch(set) }
    if root.json { return try DataRootOptions.print(["fetched": fetched]) }
    print(
      fetched.isEmpty ? "\(name): nothing to fetch" : "\(name): fetched \(fetched.joined(separator: ", "))")
  }

  /// Commands run on the main thread, which may wait for a task but not suspend.
  private func waiting<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value
  {
    let outcome = Outcome<Value>()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      let result: Result<Value, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      outcome.result.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    guard let result = outcome.result.withLock(\.self) else { throw CancellationError() }
    return try result.get()
  }

  private final class Outcome<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }
}

/// `uae data preview NAME`
struct DataPreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview", abstract: "Draw some samples of each class as a PNG file, and count the classes.")

  @Argument(help: "A registered set, or a file or folder.")
  var name: String

  @Option(name: .long, help: "The PNG file to write.")
  var out: String?

  @Option(name: .long, help: "Samples of each class.")
  var samples = 10

  @Flag(name: .long, help: "Print one JSON document on standard output instead of a table.")
  var json = false

  @Flag(name: .long, help: "Replace an existing picture.")
  var overwrite = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    if !(1...100 ~= samples) { throw ValidationError("--samples is \(samples); it must be from 1 to 100") }
  }

  private struct Summary: Encodable {
    let name: String
    let shape: [Int]
    let train, test: Int
    let classes: [String]
    let trainPerClass, testPerClass: [Int]
    let notes: [String]
    let picture: String
  }

  func run() throws {
    let base = URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent
    let path = out ?? "\(base)-preview.png"
    // The name that it gives itself may be its own of an earlier call.
    try OutputFile(path: path, endings: ["png"], inputs: [("the data", name)]).claim(
      overwrite: overwrite || out == nil)
    let set = try reading.load(name)
    try AtomicFile.write(picture(of: set).png(), to: path)
    let summary = Summary(
      name: set.name, shape: set.sampleShape, train: set.train.count, test: set.test.count,
      classes: set.classNames,
      trainPerClass: perClass(set.train, set.classNames.count),
      testPerClass: perClass(set.test, set.classNames.count),
      notes: set.notes, picture: path)
    if json { return try DataRootOptions.print(summary) }
    let shape = set.sampleShape.map(String.init).joined(separator: "×")
    print("\(set.name): \(set.train.count) + \(set.test.count) samples of \(shape)")
    for (index, className) in set.classNames.enumerated() {
      print("  \(className): \(summary.trainPerClass[index]) + \(summary.testPerClass[index])")
    }
    for note in set.notes { print("  note: \(note)") }
    print("  picture: \(path)")
  }

  private func perClass(_ samples: Samples, _ classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for label in samples.labels ?? [] { counts[label] += 1 }
    return counts
  }

  private func picture(of set: Dataset) throws -> RasterImage {
    let isImage = set.sampleShape.count == 3 && [1, 3].contains(set.sampleShape[0])
    let side = Int(Double(set.train.elementCount).squareRoot().rounded(.up))
    let rows: [ImageGrid.Row] = groups(of: set.train, set.classNames).map { name, indices in
      ImageGrid.Row(
        name,
        indices.map { index in
          let values = set.train[index..<index + 1].values
          // Features that are no image are drawn row by row in a square.
          return isImage ? values : values + [Float](repeating: 0, count: side * side - values.count)
        })
    }
    return try ImageGrid(shape: isImage ? set.sampleShape : [side, side], rows: rows).drawn().image
  }

  private func groups(of train: Samples, _ classNames: [String]) -> [(String, [Int])] {
    guard let labels = train.labels else {
      return [("", Array(0..<min(train.count, samples)))]
    }
    // Hundreds of classes would make a picture that nothing opens.
    return classNames.prefix(100).enumerated().map { index, name in
      (String(name.prefix(20)), Array(labels.indices.lazy.filter { labels[$0] == index }.prefix(samples)))
    }
  }
}
