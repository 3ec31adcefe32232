import Formats

/// What a column has for a row.
public enum CellContent: Sendable, Equatable {
  /// Nothing is known.
  case missing
  /// A text as it is.
  case text(String)
  /// A whole number.
  case integer(Int)
  /// A number, shortened for people.
  case number(Double)
  /// The mean of several measurements, and their standard deviation; `count` 1 has none.
  case spread(mean: Double, deviation: Double, count: Int)
  /// A measurement with the bounds of its interval.
  case interval(Double, ClosedRange<Double>)
}

extension CellContent {
  func text(_ format: NumberFormat) -> String {
    switch self {
    case .missing: "–"
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): number.isNaN ? "–" : format.text(number)
    case .spread(let mean, _, let count) where count < 2: mean.isNaN ? "–" : format.text(mean)
    case .spread(let mean, let deviation, _): format.text(mean, deviation: deviation)
    case .interval(let number, let range):
      "\(format.text(number)) [\(format.bare(range.lowerBound)), \(format.bare(range.upperBound))]"
    }
  }

  var exact: String {
    switch self {
    case .missing: ""
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .number(let number), .spread(let number, _, _), .interval(let number, _): "\(number)"
    }
  }

  var number: Double {
    switch self {
    case .missing, .text: .nan
    case .integer(let number): Double(number)
    case .number(let number), .spread(let number, _, _), .interval(let number, _): number
    }
  }
}

/// A type whose values stand in tables.
public protocol TableValue: SendableMetatype {
  /// How tables show it.
  var cell: CellContent { get }
}

extension String: TableValue { public var cell: CellContent { .text(self) } }
extension Int: TableValue { public var cell: CellContent { .integer(self) } }
extension UInt64: TableValue { public var cell: CellContent { .text(String(self)) } }
extension Double: TableValue { public var cell: CellContent { .number(self) } }
extension CellContent: TableValue { public var cell: CellContent { self } }
extension Optional: TableValue where Wrapped: TableValue {
  public var cell: CellContent { map(\.cell) ?? .missing }
}

/// A column of a table, declared once for pages, CSV, JSON and plots.
public struct Column<Row>: Sendable {
  /// As pages have it.
  public let title: String
  /// As files for programs have it.
  public let key: String
  /// How its numbers read on pages.
  public let format: NumberFormat
  /// What a row has in this column.
  public let content: @Sendable (Row) -> CellContent

  /// - Parameters:
  ///   - key: by default the title.
  ///   - value: what stands in a row: a number, a text, nil for nothing, or a type that conforms to ``TableValue``.
  public init<Value: TableValue>(
    _ title: String, key: String? = nil, _ format: NumberFormat = .significant(4),
    value: @escaping @Sendable (Row) -> Value
  ) {
    self.title = title
    self.key = key ?? title
    self.format = format
    content = { value($0).cell }
  }

  /// As a page shows it; `–` for nothing.
  public func text(_ row: Row) -> String { content(row).text(format) }

  /// With all its digits, as CSV has it; empty for nothing.
  public func exact(_ row: Row) -> String { content(row).exact }

  /// What a plot takes: NaN for nothing, which leaves a gap.
  public func number(_ row: Row) -> Double { content(row).number }

  /// A bar of a plot; nil for nothing. Shares are in percent where pages have them so.
  public func bar(_ label: String, _ row: Row) -> Plot.Bar? {
    let value = number(row)
    guard value.isFinite else { return nil }
    guard case .interval(_, let range) = content(row) else { return Plot.Bar(label, format.scaled(value)) }
    return Plot.Bar(
      label, format.scaled(value), lower: format.scaled(range.lowerBound),
      upper: format.scaled(range.upperBound))
  }

  /// The same column under another title.
  public func titled(_ title: String) -> Column { Column(title, key: key, format, value: content) }

  /// The same column with its numbers written otherwise.
  public func formatted(_ format: NumberFormat) -> Column { Column(title, key: key, format, value: content) }

  /// The same column over other rows.
  public func over<Other>(_ row: @escaping @Sendable (Other) -> Row) -> Column<Other> {
    let content = content
    return Column<Other>(title, key: key, format) { content(row($0)) }
  }
}

/// Rows with the columns that they are shown by.
public struct Records: Sendable {
  private let lines: [[(key: String, cell: CellContent)]]
  /// As pages show it.
  public let table: Table
  private let exact: Table

  /// - Throws: ``ReportError``, as ``Table``.
  public init<Row>(_ columns: [Column<Row>], _ rows: [Row]) throws(ReportError) {
    // Each once: a column may have to compute what it shows.
    let cells = rows.map { row in columns.map { $0.content(row) } }
    lines = cells.map { cells in zip(columns, cells).map { ($0.key, $1) } }
    table = try Table(
      columns: columns.map(\.title),
      rows: cells.map { cells in zip(columns, cells).map { $1.text($0.format) } })
    exact = try Table(columns: columns.map(\.key), rows: cells.map { $0.map(\.exact) })
  }

  /// One line per row, with all digits.
  public var csv: String { exact.csv }
}

extension Records: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private enum SpreadKey: CodingKey { case mean, standardDeviation, count }
  private enum IntervalKey: CodingKey { case value, lower, upper }

  /// An array of objects; what is missing is left out.
  public func encode(to encoder: any Encoder) throws {
    var array = encoder.unkeyedContainer()
    for line in lines {
      var object = array.nestedContainer(keyedBy: Key.self)
      for (key, cell) in line {
        let key = Key(stringValue: key)
        switch cell {
        case .missing: break
        case .text(let text): try object.encode(text, forKey: key)
        case .integer(let number): try object.encode(number, forKey: key)
        case .number(let number): try object.encode(number, forKey: key)
        case .spread(let mean, let deviation, let count):
          var spread = object.nestedContainer(keyedBy: SpreadKey.self, forKey: key)
          try spread.encode(mean, forKey: .mean)
          try spread.encode(deviation, forKey: .standardDeviation)
          try spread.encode(count, forKey: .count)
        case .interval(let number, let range):
          var interval = object.nestedContainer(keyedBy: IntervalKey.self, forKey: key)
          try interval.encode(number, forKey: .value)
          try interval.encode(range.lowerBound, forKey: .lower)
          try interval.encode(range.upperBound, forKey: .upper)
        }
      }
    }
  }
}
