import Formats

/// What becomes of values that are missing in a table.
public enum MissingValues: String, Sendable, CaseIterable {
  /// A missing value is an error.
  case refuse
  /// The mean of the feature.
  case mean
  /// The mean of the feature among samples of the same class.
  case classMean = "class-mean"
}

/// Rows of features, some values of which may be missing, with their classes.
struct FeatureTable {
  let features: Int
  /// `rows × features` values; missing ones are not-a-number.
  private(set) var values: [Double]
  let labels: [Int]?
  /// Sorted: as numbers where all are, else as words.
  let classNames: [String]
  let file: String
  /// Names of the features, where the file has them.
  private(set) var columns: [String] = []

  var rows: Int { values.count / features }

  /// - Parameter inSinglePrecision: whether values are rounded to it, as registered sets have always been read.
  init(_ table: TextTable, file: String, inSinglePrecision: Bool = false) {
    let names = table.classNames
    let areNumbers = names.allSatisfy { Double($0) != nil }
    let order = names.indices.sorted {
      areNumbers ? (Double(names[$0]) ?? 0) < (Double(names[$1]) ?? 0) : names[$0] < names[$1]
    }
    var ranks = [Int](repeating: 0, count: names.count)
    for (rank, index) in order.enumerated() { ranks[index] = rank }
    self.init(
      values: inSinglePrecision ? table.values.map { Double(Float($0)) } : table.values,
      features: table.columns.count, labels: table.labels?.map { ranks[$0] },
      classNames: order.map { names[$0] },
      file: file)
    columns = table.columns
  }

  init(values: [Double], features: Int, labels: [Int]?, classNames: [String], file: String) {
    self.values = values
    self.features = features
    self.labels = labels
    self.classNames = classNames
    self.file = file
  }

  /// Fills what is missing in.
  ///
  /// - Returns: how many values were missing.
  /// - Throws: `FormatError` naming the first, if they are refused or there is nothing to take a mean of.
  mutating func fillMissing(_ policy: MissingValues) throws(FormatError) -> Int {
    let missing = values.indices.filter { values[$0].isNaN }
    guard let first = missing.first else { return 0 }
    func failure(_ index: Int, _ problem: String) -> FormatError {
      let feature = index % features
      let name = feature < columns.count ? "'\(columns[feature])'" : "feature \(feature + 1)"
      return FormatError(file, at: .record(index / features), "\(name) is missing\(problem)")
    }
    guard policy != .refuse else { throw failure(first, "; --missing mean fills in the mean of its column") }
    guard policy == .mean || labels != nil else {
      throw failure(first, ", and there are no classes to take means of")
    }

    let groups = policy == .classMean ? (labels ?? []) : [Int](repeating: 0, count: rows)
    let groupCount = (groups.max() ?? 0) + 1
    var sums = [Double](repeating: 0, count: groupCount * features)
    var counts = [Int](repeating: 0, count: groupCount * features)
    for index in values.indices where !values[index].isNaN {
      let cell = groups[index / features] * features + index % features
      sums[cell] += values[index]
      counts[cell] += 1
    }
    for index in missing {
      let cell = groups[index / features] * features + index % features
      guard counts[cell] > 0 else { throw failure(index, " in every sample of its group") }
      values[index] = sums[cell] / Double(counts[cell])
    }
    return missing.count
  }

  /// The smallest and largest value of each feature among some rows.
  func scale(of rows: [Int]) -> SampleEncoding.Scale {
    var minimum = [Double](repeating: .infinity, count: features)
    var maximum = [Double](repeating: -.infinity, count: features)
    for row in rows {
      for feature in 0..<features {
        let value = values[row * features + feature]
        minimum[feature] = min(minimum[feature], value)
        maximum[feature] = max(maximum[feature], value)
      }
    }
    return .features(minimum: minimum, maximum: maximum)
  }

  /// Values beyond the smallest and largest that a scale knows become these.
  static func clamped(_ values: [Double], to scale: SampleEncoding.Scale) -> [Double] {
    guard case .features(let minimum, let maximum) = scale else { return values }
    return values.indices.map { index in
      let feature = index % minimum.count
      return min(maximum[feature], max(minimum[feature], values[index]))
    }
  }

  /// Scales each feature to [0, 1] and splits the rows.
  ///
  /// - Parameter fittedOn: the rows whose smallest and largest values become 0 and 1. Values of other rows beyond them are
  ///   clamped.
  func parts(train: [Int], test: [Int], fittedOn: [Int], shape: [Int]? = nil) throws
    -> RegisteredDataset.Parts
  {
    let encoding = SampleEncoding(
      elementType: .float32, fileShape: shape ?? [features], scale: scale(of: fittedOn))
    let clamped = FeatureTable.clamped(values, to: encoding.scale).map { Float($0) }
    let decoded = try encoding.decode(HostArray(clamped, shape: [rows] + encoding.fileShape), file: file)
    let all = Samples(shape: encoding.sampleShape, values: decoded, labels: labels)
    return .init(
      train: all.selecting(train), test: all.selecting(test), encoding: encoding, featureNames: columns)
  }
}
