import ArgumentParser
import Attacks
import Datasets
import Formats
import Foundation
import Models
import Runs
import Torch

extension SampleEncoding.Layout: ExpressibleByArgument {}

extension DatasetLoader.SampleAxis: ExpressibleByArgument {}
extension MissingValues: ExpressibleByArgument {}
extension DatasetLoader.Part: ExpressibleByArgument {}

/// The data that a command works on.
struct DataOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "A registered data set (`uae data list`), a folder of images, or a file of one of these formats: \(FileFormats.list)."
  )
  var dataset = "digits"

  @OptionGroup var reading: ReadingOptions

  /// - Parameters:
  ///   - whole: whether all samples of a user's file are taken, where otherwise some are kept for testing.
  ///   - part: whose samples stand as those to work on.
  func load(
    whole: Bool = false, isQuiet: Bool = false, part: DatasetLoader.Part = .train
  ) throws -> Dataset {
    try reading.load(dataset, whole: whole, isQuiet: isQuiet, part: part)
  }

  /// How the data are read, where that was said: what makes one run another beside the files' own bytes.
  var identity: [String: String] {
    get throws {
      Dictionary(try reading.options().reading.map { ($0.option, $0.value) }) { first, _ in first }
    }
  }

  var dataRoot: String? { reading.dataRoot }
  var labelKey: String? { reading.labelKey }
}

/// How a data set is found and a user's file is read.
struct ReadingOptions: ParsableArguments {
  @Option(name: .long, help: "Folder of the real data sets; else the environment's UAE_DATA.")
  var dataRoot: String?

  @Option(name: .long, help: "Use the first N training samples only (with --part test: test samples).")
  var limit: Int?

  @Option(
    name: .long, help: "The array that has the samples, in a file of several (default: the usual names).")
  var inputKey: String?

  @Option(
    name: .long,
    help:
      "The array, column or (for a file of one array) other file that has the labels (default: the usual names)."
  )
  var labelKey: String?

  @Option(
    name: .long,
    help: "A,B,…: the columns of a table that are features, by name or number (default: all but the labels')."
  )
  var columns: String?

  @Option(name: .long, help: "A,B,…: columns of a table that are no features, by name or number.")
  var ignore: String?

  @Option(name: .long, help: "What becomes of missing values in a table (a mean is that of the column).")
  var missing = MissingValues.refuse

  @Option(
    name: .long,
    help:
      "first or last: the axis of an array that counts the samples (default: the labels', else the first).")
  var sampleAxis: DatasetLoader.SampleAxis?

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "LO,HI: the values in the file that become 0 and 1 (default: of uint8 and uint16 by the values, else 0,1)."
  )
  var range: String?

  @Option(name: .long, help: "nchw or nhwc: where the file has the channels (default: by the shape).")
  var layout: SampleEncoding.Layout?

  func validate() throws {
    if let range { _ = try bounds(range, option: "--range") }
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit); it must be at least 1") }
  }

  /// Loads a data set and says on standard error what of a user's was taken for what.
  ///
  /// - Parameters:
  ///   - whole: whether all samples of a user's file are taken, where otherwise some are kept for testing.
  ///   - isQuiet: whether what was taken is left to the caller to say.
  func load(
    _ name: String, whole: Bool = false, isQuiet: Bool = false, part: DatasetLoader.Part = .train
  ) throws -> Dataset {
    var options = try options()
    options.keepsAll = whole
    options.part = part
    let set = try DatasetLoader.load(name, dataRoot: dataRoot, options: options)
    if let taken = set.taken, !isQuiet { StandardError.write("\(name): \(taken)\n") }
    return set
  }

  /// What the options say.
  func options() throws -> DatasetLoader.Options {
    var options = DatasetLoader.Options(limit: limit)
    options.inputKey = inputKey
    options.labelKey = labelKey
    options.columns = columns.map(names)
    options.ignored = ignore.map(names) ?? []
    options.missing = missing
    options.sampleAxis = sampleAxis
    options.range = try range.map { try bounds($0, option: "--range") }
    options.layout = layout
    return options
  }

  /// Names separated by commas; a name that has one stands in quotes.
  private func names(_ text: String) -> [String] {
    var names = [""]
    var isQuoted = false
    for character in text {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: names.append("")
      default: names[names.count - 1].append(character)
      }
    }
    return names.map { $0.trimmingCharacters(in: .whitespaces) }
  }
}

extension Dataset {
  /// Says on standard error what a reader of results must know of the data, and what of them was found out.
  func sayNotes() {
    for note in notes { StandardError.write("\(name): \(note)\n") }
  }
}

/// The range that `LO,HI` says.
/// - Parameter word: what else the option takes, for the message.
func bounds(_ text: String, option: String, or word: String? = nil) throws -> ClosedRange<Double> {
  let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
  guard parts.count == 2, let low = parts[0], let high = parts[1], low.isFinite, high.isFinite, low < high
  else {
    let other = word.map { " or '\($0)'" } ?? ""
    throw ValidationError("\(option) is '\(text)'; it must be LO,HI with LO below HI\(other)")
  }
  return low...high
}

/// How a command works and what it says meanwhile.
struct WorkOptions: ParsableArguments {
  enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(name: .long, help: "Threads to use (default: all cores).")
  var threads: Int?

  @Option(
    name: .long, help: "auto, cpu, cuda, cuda:N or mps: where the model and the samples are (default: cpu).")
  var device = "cpu"

  @Flag(name: .long, help: "Say nothing on standard error but what went wrong or was guessed.")
  var quiet = false

  @Option(name: .long, help: "text or json: how progress appears on standard error.")
  var logFormat = LogFormat.text

  @Flag(name: .long, help: "Print one JSON document on standard output instead of a table.")
  var json = false

  func validate() throws {
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
    }
  }

  /// The device that was asked for.
  /// - Throws: `TorchError` where it is not here.
  func place() throws -> Device { try Device(parsing: device) }

  var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  var style: RunProgress.Style {
    if quiet { return .quiet }
    return logFormat == .json ? .json : .automatic
  }

  /// Opens LibTorch with the wanted number of threads.
  func prepare() throws {
    try LibTorch.load()
    LibTorch.setThreads(threadCount)
  }
}
