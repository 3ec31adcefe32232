/// A table of numbers as delimited text (see `DelimitedText`): each row is a sample, each column a feature, and one column
/// may be the class.
public struct TextTable: Sendable {
  /// Which columns are what. Columns go by their name in the header or their number from 1 (negative: from the last).
  public struct Options: Sendable, Equatable {
    /// The column of the classes.
    public var label: String?
    /// The columns that are features; nil takes all that are nothing else.
    public var columns: [String]?
    /// Columns that are neither.
    public var ignored: [String] = []
    /// Whether the class is found by its usual names, and columns that only count the rows are left out.
    public var guesses = false
    /// What is between the fields; nil finds it out.
    public var separator: DelimitedText.Separator?

    /// Options for a table whose separator is found out.
    public init(label: String? = nil, ignored: [String] = [], guesses: Bool = false) {
      self.label = label
      self.ignored = ignored
      self.guesses = guesses
    }
  }

  /// Names of the features: the header's, or `column 1`… where there is none.
  public private(set) var columns: [String]
  /// `rows × columns.count` values; missing ones are not-a-number.
  public private(set) var values: [Double]
  /// The number of rows.
  public let rows: Int
  /// Index in `classNames` of each row's class, where there is such a column.
  public let labels: [Int]?
  /// The words in the column of classes, in the order in which they come.
  public let classNames: [String]
  /// The column of the classes.
  public let labelName: String?
  /// Columns that are neither feature nor class, and why.
  public private(set) var leftOut: [(name: String, reason: String)]
  /// What else was found out about the file.
  public let notes: [String]

  /// Names that a column of classes usually has.
  public static let labelNames = ["label", "labels", "class", "classes", "target", "targets", "y"]

  /// Reads all rows.
  ///
  /// - Throws: `FormatError` naming the line and the cell that is no number, or if there is no such column.
  public init(_ file: FileBytes, _ options: Options = Options()) throws {
    var reader = try RowReader(file, options)
    var values: [Double] = []
    var labels: [Int] = []
    var indices: [String: Int] = [:]
    var classNames: [String] = []
    var rows = 0
    while let row = try reader.next() {
      for column in reader.features { values.append(try reader.number(row[column], column)) }
      if let label = reader.label {
        let word = row[label]
        guard !RowReader.missing.contains(word) else {
          throw reader.failure(label, "the class is missing")
        }
        let index = indices[word] ?? classNames.count
        if index == classNames.count {
          indices[word] = index
          classNames.append(word)
        }
        labels.append(index)
      }
      rows += 1
    }
    columns = reader.features.map { reader.names[$0] }
    self.values = values
    self.rows = rows
    self.labels = reader.label == nil ? nil : labels
    self.classNames = classNames
    labelName = reader.label.map { reader.names[$0] }
    leftOut = reader.leftOut
    notes = reader.notes
    if options.guesses, options.columns == nil { leaveOutCounters() }
    guard !columns.isEmpty else { throw FormatError(file.name, at: .line(1), "has no column of features") }
  }

  /// Leaves out columns without a name or with that of an index whose values only count the rows, and columns that have
  /// neither name nor value.
  private mutating func leaveOutCounters() {
    var reasons: [Int: String] = [:]
    for (column, name) in columns.enumerated() where rows > 0 {
      let plain = name.lowercased()
      let isUnnamed = plain.isEmpty || plain.hasPrefix("unnamed:")
      guard isUnnamed || ["index", "id", "row", "rownames", "row_id", "no", "nr"].contains(plain) else {
        continue
      }
      let first = values[column]
      if isUnnamed, (0..<rows).allSatisfy({ values[$0 * columns.count + column].isNaN }) {
        reasons[column] = "it is empty"
      } else if rows > 1, first.rounded() == first,
        (0..<rows).allSatisfy({ values[$0 * columns.count + column] == first + Double($0) })
      {
        reasons[column] = "it counts the rows"
      }
    }
    guard !reasons.isEmpty, reasons.count < columns.count else { return }
    for column in reasons.keys.sorted() {
      let name = columns[column].isEmpty ? "column \(column + 1) without a name" : columns[column]
      leftOut.append((name, reasons[column] ?? ""))
    }
    let kept = columns.indices.filter { reasons[$0] == nil }
    let width = columns.count
    values = (0..<rows).flatMap { row in kept.map { values[row * width + $0] } }
    columns = kept.map { columns[$0] }
  }
}
