import Formats
import Foundation

/// Data sets out of files and folders of the user's.
enum UserData {
  /// What a file or folder holds, as it has it.
  struct Content {
    /// `[samples] + sample shape`.
    var values: HostArray
    /// What the samples are called in the file.
    var key: String
    var labels: RawLabels?
    var labelKey = ""
    /// Whether nobody asked for these labels, so that they are left out where they are none.
    var isGuessedLabel = false
    /// What is in the file beside samples and labels.
    var leftOut: [String] = []
    /// What was found out about the file.
    var remarks: [String] = []
    /// The file of each sample.
    var recordNames: [String] = []
    /// What the features are called in the file.
    var featureNames: [String] = []
    /// Whether columns are features with ranges of their own.
    var isTable = false
    var notes: [String] = []

    init(values: HostArray, key: String) {
      self.values = values
      self.key = key
    }
  }

  /// Loads a file or folder, split in training and test samples: by its own parts where it has any (`x_train` and `x_test`
  /// in an archive, `train` and `test` in a folder), else a fifth is held out.
  static func load(_ path: String, options: DatasetLoader.Options) throws -> Dataset {
    var source = DataSource(name: path, folder: nil)
    var parts = try UserFile(path: path, options: options).read(&source)
    guard parts.train.values.count > 0 else {
      throw DatasetError.unusable(name: path, reason: "has no values")
    }
    let shape = Array(parts.train.values.shape.dropFirst())
    if let test = parts.test, Array(test.values.shape.dropFirst()) != shape {
      throw DatasetError.unusable(
        name: path, reason: "test samples have shape \(Array(test.values.shape.dropFirst())), others \(shape)"
      )
    }
    let classes = try classes(&parts.train, &parts.test, path)
    var notes = parts.train.notes

    let trainCount = parts.train.values.shape[0]
    let isSplit = parts.test == nil && !options.keepsAll
    let split = isSplit ? Split.fourFifths(trainCount) : (train: Array(0..<trainCount), test: [])
    if isSplit { notes.append(Split.note) }
    let encoding = try encoding(
      of: parts, fittedOn: split.train, options: options, path: path, notes: &notes)
    let all = try samples(parts.train, classes?.train, encoding, path)
    let test =
      try parts.test.map { try samples($0, classes?.test, encoding, path) } ?? all.selecting(split.test)
    if options.part == .test {
      guard let part = parts.test else {
        throw DatasetError.unusable(
          name: path, reason: "has no part for testing; without --part all is taken")
      }
      var set = Dataset(
        name: path, train: test.prefix(options.limit ?? .max), test: test, classNames: classes?.names ?? [],
        encoding: encoding, digest: source.digest, notes: notes)
      set.taken = taken(part, classes, testCount: nil)
      set.classNumbers = classes?.numbers
      set.name(as: part, classes)
      set.records = part.values.rows(Array(0..<set.train.count))
      set.recordNames = Array(part.recordNames.prefix(set.train.count))
      return set
    }
    let train = isSplit ? all.selecting(Array(split.train.prefix(options.limit ?? .max))) : all
    var set = Dataset(
      name: path, train: train.prefix(options.limit ?? .max), test: test, classNames: classes?.names ?? [],
      encoding: encoding, digest: source.digest, notes: notes)
    set.taken = taken(parts.train, classes, testCount: parts.test?.values.shape[0])
    set.classNumbers = classes?.numbers
    set.name(as: parts.train, classes)
    if !isSplit {
      let count = set.train.count
      set.records = parts.train.values.rows(Array(0..<count))
      set.recordNames = Array(parts.train.recordNames.prefix(count))
    }
    return set
  }

  /// The line that says what of the file is taken for what.
  private static func taken(_ content: Content, _ classes: ClassLabels?, testCount: Int?) -> String {
    let values = content.values
    let numbers = values.doubles().lazy.filter { !$0.isNaN }
    var extent = ""
    if let low = numbers.min(), let high = numbers.max() {
      extent = ", \(low.text(.general(4)))…\(high.text(.general(4)))"
    }
    let shape = values.shape.map(String.init).joined(separator: " × ")
    var line = "samples: \(content.key), \(shape), \(values.elementType.rawValue)\(extent)"
    if let testCount { line += " and \(testCount) for testing" }
    if !content.remarks.isEmpty { line += " (\(content.remarks.joined(separator: "; ")))" }
    if let classes {
      line +=
        "; labels: \(content.labelKey), \(classes.names.count) \(classes.names.count == 1 ? "class" : "classes")"
    }
    if !content.leftOut.isEmpty {
      line += "; left out: \(content.leftOut.prefix(6).joined(separator: ", "))"
      if content.leftOut.count > 6 { line += ", …" }
    }
    return line
  }

  private static func samples(
    _ content: Content, _ labels: [Int]?, _ encoding: SampleEncoding, _ path: String
  ) throws -> Samples {
    var values = content.values
    if case .features(let minimum, _) = encoding.scale {
      let numbers = values.doubles()
      if let index = numbers.firstIndex(where: { !$0.isFinite }) {
        throw FormatError(
          path, at: .record(index / minimum.count), "feature \(index % minimum.count + 1) is missing")
      }
      // Test samples may lie beyond what was seen in training.
      values = HostArray(FeatureTable.clamped(numbers, to: encoding.scale), shape: values.shape)
    }
    return Samples(
      shape: encoding.sampleShape, values: try encoding.decode(values, file: path), labels: labels)
  }

  private static func encoding(
    of parts: UserFile.Parts, fittedOn rows: [Int], options: DatasetLoader.Options, path: String,
    notes: inout [String]
  ) throws -> SampleEncoding {
    let content = parts.train
    let shape = Array(content.values.shape.dropFirst())
    let type = content.values.elementType
    if let range = options.range, !(range.lowerBound < range.upperBound) {
      throw DatasetError.unusable(
        name: path, reason: "the range \(range.lowerBound),\(range.upperBound) is empty")
    }
    let scale: SampleEncoding.Scale
    if content.isTable, options.range == nil {
      scale = FeatureTable(
        values: content.values.doubles(), features: shape[0], labels: nil, classNames: [], file: path
      ).scale(of: rows)
    } else {
      let values = ValueRange([content.values] + (parts.test.map { [$0.values] } ?? []))
      let usual = values?.usual ?? (range: SampleEncoding.defaultRange(of: type), note: nil)
      let range = options.range ?? usual.range
      if options.range == nil, let note = usual.note { notes.append(note) }
      try values?.verify(range, name: path)
      scale = .range(range)
    }
    return SampleEncoding(
      elementType: type, fileShape: shape, layout: options.layout ?? guessedLayout(shape), scale: scale)
  }

  /// Channels are 1 or 3, and fewer than rows or columns.
  private static func guessedLayout(_ shape: [Int]) -> SampleEncoding.Layout {
    guard shape.count == 3, [1, 3].contains(shape[2]), ![1, 3].contains(shape[0]) else { return .nchw }
    return .nhwc
  }

  /// Labels become indices of the classes that occur, in the order of their numbers. Those that nobody asked for are left out
  /// where they are none.
  private static func classes(_ train: inout Content, _ test: inout Content?, _ path: String) throws
    -> ClassLabels?
  {
    guard let labels = train.labels, test == nil || test?.labels != nil else { return nil }
    var problem: String?
    for content in [train, test].compactMap(\.self) {
      if let count = content.labels?.count, count != content.values.shape[0] {
        problem = "has \(count) labels for \(content.values.shape[0]) samples"
      }
    }
    if problem == nil {
      let (classes, reason) = ClassLabels.classes(labels, test?.labels)
      if let classes { return classes }
      problem = reason
    }
    let text = problem ?? ""
    guard train.isGuessedLabel else {
      throw DatasetError.unusable(name: path, reason: "'\(train.labelKey)': \(text)")
    }
    train.leftOut.append("\(train.labelKey) (\(text))")
    return nil
  }
}

extension Dataset {
  /// Takes over what features and labels are called in the file.
  fileprivate mutating func name(as content: UserData.Content, _ classes: ClassLabels?) {
    featureNames = content.featureNames
    labelName = classes == nil || content.labelKey.isEmpty ? nil : content.labelKey
  }
}
