/// Reader of a table of numbers as delimited text (see `DelimitedText`): each row is a sample, each column a feature, and
/// one column may be the class.
public struct TableReader: SampleReader {
  /// Names of the feature columns: the header's, or `column 1`… where there is none.
  public let columns: [String]
  public let elementType = ElementType.float32
  public let count: Int? = nil
  /// The words found so far in the column of classes; labels are indices in it.
  public private(set) var classNames: [String] = []
  private var text: DelimitedText
  private var pending: [String]?
  private let file: String
  private let features: [Int]
  private let width: Int
  private let label: Int?
  private var indices: [String: Int] = [:]

  public var sampleShape: [Int] { [columns.count] }

  /// What stands for a value that is missing, beside nothing at all. Values are given as not-a-number.
  private static let missing: Set<String> = ["", "?", "NA", "N/A", "NaN", "nan", "null"]

  /// Reads the first line. It is a header if none of its fields is a number.
  ///
  /// - Parameters:
  ///   - label: the column of the classes: its name in the header, or its number from 1 (negative: from the last).
  ///   - ignoring: names of columns that are neither feature nor class.
  /// - Throws: `FormatError` if there is no line, or no such column.
  public init(
    _ file: FileBytes, label: String? = nil, ignoring: Set<String> = [],
    separator: DelimitedText.Separator? = nil
  )
    throws
  {
    text = try DelimitedText(file, separator: separator)
    self.file = file.name
    guard let first = try text.next() else { throw FormatError(file.name, "has no line") }
    let isHeader = first.allSatisfy { Float($0) == nil }
    pending = isHeader ? nil : first
    let names = isHeader ? first : first.indices.map { "column \($0 + 1)" }
    width = names.count
    self.label = try label.map { try TableReader.column($0, in: names, file: file.name) }
    let label = self.label
    features = names.indices.filter { $0 != label && !ignoring.contains(names[$0]) }
    columns = features.map { names[$0] }
    guard !columns.isEmpty else { throw FormatError(file.name, at: .line(1), "has no column of features") }
  }

  private static func column(_ key: String, in names: [String], file: String) throws(FormatError) -> Int {
    if let index = names.firstIndex(of: key) { return index }
    if let number = Int(key), number != 0, abs(number) <= names.count {
      return number > 0 ? number - 1 : names.count + number
    }
    throw FormatError(file, at: .line(1), "has no column \(FormatError.quoted(key)) among \(names.count)")
  }

  public mutating func next(_ maximum: Int) throws -> SampleBatch? {
    var values: [Float] = []
    var labels: [Int] = []
    var rows = 0
    while rows < maximum, let row = try nextRow() {
      try append(row, &values, &labels)
      rows += 1
    }
    guard rows > 0 else { return nil }
    return SampleBatch(
      values: HostArray(values, shape: [rows, columns.count]), labels: label == nil ? nil : labels)
  }

  private mutating func nextRow() throws -> [String]? {
    defer { pending = nil }
    return try pending ?? text.next()
  }

  private mutating func append(_ row: [String], _ values: inout [Float], _ labels: inout [Int]) throws {
    guard row.count == width else {
      throw FormatError(
        file, at: .line(text.line), "has \(row.count) fields where the first line has \(width)")
    }
    for index in features {
      if let value = Float(row[index]), value.isFinite {
        values.append(value)
      } else if TableReader.missing.contains(row[index]) {
        values.append(.nan)
      } else {
        throw FormatError(
          file, at: .cell(line: text.line, column: index + 1),
          "\(FormatError.quoted(row[index])) is not a number")
      }
    }
    guard let label else { return }
    guard !TableReader.missing.contains(row[label]) else {
      throw FormatError(file, at: .cell(line: text.line, column: label + 1), "the class is missing")
    }
    if indices[row[label]] == nil {
      indices[row[label]] = classNames.count
      classNames.append(row[label])
    }
    labels.append(indices[row[label]] ?? 0)
  }
}
