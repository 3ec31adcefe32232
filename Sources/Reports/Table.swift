/// A table of text for Markdown and CSV.
public struct Table: Sendable, Equatable {
  /// What stands above the columns.
  public let columns: [String]
  /// The cells, row by row.
  public let rows: [[String]]

  /// - Throws: ``ReportError/raggedTable(row:cells:columns:)`` unless every row has a cell for each column.
  public init(columns: [String], rows: [[String]]) throws(ReportError) {
    if let index = rows.firstIndex(where: { $0.count != columns.count }) {
      throw .raggedTable(row: index, cells: rows[index].count, columns: columns.count)
    }
    self.columns = columns
    self.rows = rows
  }

  /// GitHub's pipe table, aligned so that it reads as plain text too; columns of numbers are set to the right.
  public var markdown: String {
    let cells = ([columns] + rows).map { $0.map(Self.markdownCell) }
    let widths = columns.indices.map { column in max(3, cells.map { $0[column].count }.max() ?? 0) }
    let numeric = columns.indices.map { column in
      !rows.isEmpty && rows.allSatisfy { $0[column].isEmpty || Self.startsLikeNumber($0[column]) }
    }
    func line(_ row: [String]) -> String {
      let padded = row.indices.map { column in
        let fill = String(repeating: " ", count: widths[column] - row[column].count)
        return numeric[column] ? fill + row[column] : row[column] + fill
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = columns.indices.map { column in
      numeric[column]
        ? String(repeating: "-", count: widths[column] - 1) + ":"
        : String(repeating: "-", count: widths[column])
    }
    return ([line(cells[0]), line(rule)] + cells.dropFirst().map(line)).joined(separator: "\n") + "\n"
  }

  /// RFC 4180, lines ended by a bare newline.
  public var csv: String {
    ([columns] + rows).map { $0.map(Self.csvCell).joined(separator: ",") }.joined(separator: "\n") + "\n"
  }

  private static func markdownCell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("\n", with: " ")
  }

  private static func csvCell(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) || $0.isNewline }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  private static func startsLikeNumber(_ text: String) -> Bool {
    let digits = text.drop { "+-−<*".contains($0) }
    return digits.first?.isNumber == true || digits.hasPrefix(".")
  }
}
