/// Reads the rows of a table and finds out what its columns are.
struct RowReader {
  /// What stands for a value that is missing, beside nothing at all.
  static let missing: Set<String> = [
    "", "?", "-", "NA", "N/A", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "<NA>",
  ]

  /// Names of all columns.
  private(set) var names: [String] = []
  private(set) var features: [Int] = []
  private(set) var label: Int?
  private(set) var leftOut: [(name: String, reason: String)] = []
  private var text: DelimitedText
  private var pending: [[String]] = []
  private let file: String
  private var emptyRows = 0
  private var isHeaderNumeric = false
  private var hasCommas = false
  private var hasPoints = false

  var notes: [String] {
    (isHeaderNumeric ? ["its first line is taken for the names of columns"] : [])
      + (hasCommas ? ["decimal commas"] : [])
      + (emptyRows > 0 ? ["\(emptyRows) empty rows are left out"] : [])
  }

  /// Reads the header and the first rows.
  init(_ file: FileBytes, _ options: TextTable.Options) throws {
    text = try DelimitedText(file, separator: options.separator)
    self.file = file.name
    guard let first = try text.next() else { throw FormatError(file.name, "has no line") }
    let second = try text.next()
    try nameColumns(first, second)
    try assign(options)
  }

  /// The next row that is not empty, as many fields as there are names.
  mutating func next() throws -> [String]? {
    while var row = pending.isEmpty ? try text.next() : pending.removeFirst() {
      if row.count == names.count + 1, row.last?.isEmpty == true { row.removeLast() }
      guard row.count == names.count else {
        throw FormatError(
          file, at: .line(text.line - pending.count),
          "has \(row.count) fields where the first line has \(names.count)")
      }
      if row.count > 1, row.allSatisfy(\.isEmpty) {
        emptyRows += 1
      } else {
        return row
      }
    }
    return nil
  }

  /// The number in a field; not-a-number where it is missing.
  mutating func number(_ field: String, _ column: Int) throws -> Double {
    if let value = Double(field), value.isFinite {
      if !hasPoints, field.utf8.contains(UInt8(ascii: ".")) { hasPoints = true }
      if hasPoints, hasCommas {
        throw failure(column, "\(FormatError.quoted(field)) has a decimal point, others have commas")
      }
      return value
    }
    if RowReader.missing.contains(field) { return .nan }
    if let value = RowReader.withComma(field) {
      hasCommas = true
      if hasPoints {
        throw failure(column, "\(FormatError.quoted(field)) has a comma, other numbers have decimal points")
      }
      return value
    }
    let name = FormatError.quoted(names[column].isEmpty ? "\(column + 1)" : names[column])
    throw failure(
      column,
      "\(FormatError.quoted(field)) is not a number; --ignore \(name) leaves the column out, --label-key \(name) takes it for the classes"
    )
  }

  func failure(_ column: Int, _ problem: String) -> FormatError {
    FormatError(file, at: .cell(line: text.line - pending.count, column: column + 1), problem)
  }

  private static func withComma(_ field: String) -> Double? {
    guard field.utf8.count(where: { $0 == UInt8(ascii: ",") }) == 1, !field.utf8.contains(UInt8(ascii: "."))
    else {
      return nil
    }
    return Double(field.replacing(",", with: ".")).flatMap { $0.isFinite ? $0 : nil }
  }

  private static func isNumber(_ field: String) -> Bool { Double(field) != nil || withComma(field) != nil }

  /// Takes the names from a comment, the first row, or nowhere; puts back the rows that are samples.
  private mutating func nameColumns(_ first: [String], _ second: [String]?) throws {
    pending = [first, second].compactMap(\.self)
    let count = first.last?.isEmpty == true && second?.last?.isEmpty != false ? first.count - 1 : first.count
    let comment = text.comments.last.flatMap { text.fields(ofComment: $0) }
    if let comment, comment.count == count, comment.allSatisfy({ !RowReader.isNumber($0) }),
      first.contains(where: RowReader.isNumber)
    {
      names = comment
      return
    }
    if RowReader.isHeader(first, second) {
      isHeaderNumeric = first.contains(where: RowReader.isNumber)
      names = first
      pending.removeFirst()
      // R has no name above the names of the rows.
      if let second, second.count == first.count + 1, second.last?.isEmpty == false {
        names.insert("", at: 0)
        leftOut.append(("column 1", "its name is missing: it names the rows"))
        return
      }
      if let second, second.count == first.count - 1, first.last?.isEmpty == true { names.removeLast() }
      return
    }
    names = (0..<count).map { "column \($0 + 1)" }
  }

  /// A row of words; or numbers in even steps, as unnamed columns and wavelengths have, where a word is among them or the
  /// next row is not like that; fewer than four only where they count from 0 above fractions.
  private static func isHeader(_ first: [String], _ second: [String]?) -> Bool {
    if first.allSatisfy({ !isNumber($0) }), first.contains(where: { !missing.contains($0) }) { return true }
    guard let second else { return false }
    func steps(_ row: [String]) -> [Double] { row.filter { !missing.contains($0) }.compactMap { Double($0) } }
    func isEven(_ row: [Double]) -> Bool {
      guard row.count > 1 else { return false }
      let step = row[1] - row[0]
      return step > 0 && zip(row, row.dropFirst()).allSatisfy { abs($1 - $0 - step) <= 1e-9 * abs($1) }
    }
    let numbers = steps(first)
    let below = steps(second)
    let hasWordAboveNumber = zip(first, second).contains {
      !isNumber($0) && !missing.contains($0) && isNumber($1)
    }
    if hasWordAboveNumber,
      isEven(numbers) || numbers.count == 1 && !first.contains(where: { $0.contains(".") })
    {
      return true
    }
    // Ramps above each other have the same steps.
    let isRamp =
      isEven(below) && below.count == numbers.count && below[1] - below[0] == numbers[1] - numbers[0]
    guard isEven(numbers), !isRamp, Set(below) != Set(numbers) else {
      return false
    }
    if first.first?.isEmpty == true, numbers.count == first.count - 1, numbers.first == 0 { return true }
    // pandas counts columns without a name.
    let counts = numbers.first == 0 && numbers[1] == 1
    let hasFractions =
      second.contains { $0.contains { ".,".contains($0) } } && !first.contains { $0.contains(".") }
    return counts && hasFractions || numbers.count >= 4
  }

  private mutating func assign(_ options: TextTable.Options) throws {
    let ignored = Set(try options.ignored.map(index))
    let chosen = try options.columns.map { try $0.map(index) }
    label = try options.label.map(index)
    let rowNames = leftOut.isEmpty ? nil : 0
    if label == nil, options.guesses {
      let places = names.indices.filter {
        !ignored.contains($0) && chosen?.contains($0) != true
          && TextTable.labelNames.contains(names[$0].lowercased())
      }
      // Beside an x, y is a coordinate.
      let hasX = names.contains { $0.lowercased() == "x" }
      let likely = places.filter { names[$0].lowercased() != "y" || !hasX }
      if likely.count == 1, names.count > 1 { label = likely[0] }
    }
    let label = label
    let others = names.indices.filter { $0 != label && !ignored.contains($0) && $0 != rowNames }
    features = chosen ?? others
    if chosen?.contains(where: { $0 == label }) == true {
      throw FormatError(file, at: .line(1), "the column of the classes cannot be a feature too")
    }
    for place in names.indices where ignored.contains(place) { leftOut.append((names[place], "as asked")) }
    if chosen != nil {
      let rest = others.filter { !features.contains($0) }
      if !rest.isEmpty {
        leftOut.append(
          (
            rest.prefix(4).map { names[$0] }.joined(separator: ", ") + (rest.count > 4 ? ", …" : ""),
            "as asked"
          ))
      }
    }
    guard !features.isEmpty else { throw FormatError(file, at: .line(1), "has no column of features") }
  }

  private func index(_ key: String) throws -> Int {
    if let index = names.firstIndex(of: key) { return index }
    if let number = Int(key), number != 0, abs(number) <= names.count {
      return number > 0 ? number - 1 : names.count + number
    }
    let near = nearestName(to: key, among: names).map { "; did you mean \(FormatError.quoted($0))?" } ?? ""
    throw FormatError(
      file, at: .line(1), "has no column \(FormatError.quoted(key)) among \(names.count)\(near)")
  }
}
