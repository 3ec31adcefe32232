import Formats
import Foundation

/// Data sets out of files and folders of the user's.
enum UserData {
  /// What a file or folder holds, as it has it.
  struct Content {
    /// `[samples] + sample shape`.
    var values: HostArray
    var labels: [Int]?
    var classNames: [String] = []
    /// Whether columns are features with ranges of their own.
    var isTable = false
    var notes: [String] = []
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
    try nameClasses(&parts.train, &parts.test, path)
    var notes = parts.train.notes

    let trainCount = parts.train.values.shape[0]
    let isSplit = parts.test == nil && !options.keepsAll
    let split = isSplit ? Split.fourFifths(trainCount) : (train: Array(0..<trainCount), test: [])
    if isSplit { notes.append(Split.note) }
    let encoding = try encoding(
      of: parts, fittedOn: split.train, options: options, path: path, notes: &notes)
    let all = try samples(parts.train, encoding, path)
    let test = try parts.test.map { try samples($0, encoding, path) } ?? all.selecting(split.test)
    let train = isSplit ? all.selecting(Array(split.train.prefix(options.limit ?? .max))) : all
    return Dataset(
      name: path, train: train.prefix(options.limit ?? .max), test: test, classNames: parts.train.classNames,
      encoding: encoding, digest: source.digest, notes: notes)
  }

  private static func samples(_ content: Content, _ encoding: SampleEncoding, _ path: String) throws
    -> Samples
  {
    var values = content.values
    if case .features(let minimum, let maximum) = encoding.scale {
      // Test samples may lie beyond what was seen in training.
      var numbers = values.floats()
      for index in numbers.indices {
        let feature = index % minimum.count
        guard numbers[index].isFinite else {
          throw FormatError(path, at: .record(index / minimum.count), "feature \(feature + 1) is missing")
        }
        numbers[index] = min(maximum[feature], max(minimum[feature], numbers[index]))
      }
      values = HostArray(numbers, shape: values.shape)
    }
    return Samples(
      shape: encoding.sampleShape, values: try encoding.decode(values, file: path), labels: content.labels)
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
        values: content.values.floats(), features: shape[0], labels: nil, classNames: [], file: path
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

  /// Labels become indices of the classes that occur, in the order of their numbers.
  private static func nameClasses(_ train: inout Content, _ test: inout Content?, _ path: String) throws {
    for content in [train, test].compactMap(\.self) {
      if let labels = content.labels, labels.count != content.values.shape[0] {
        throw DatasetError.unusable(
          name: path, reason: "has \(labels.count) labels for \(content.values.shape[0]) samples")
      }
    }
    guard train.classNames.isEmpty, let labels = train.labels else { return }
    let classes = Set(labels + (test?.labels ?? [])).sorted()
    guard classes.count <= 65_536 else {
      throw DatasetError.unusable(
        name: path, reason: "has \(classes.count) different labels: they are not classes")
    }
    let indices = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    train.classNames = classes.map(String.init)
    train.labels = labels.compactMap { indices[$0] }
    let testLabels = test?.labels?.compactMap { indices[$0] }
    test?.labels = testLabels
  }
}
