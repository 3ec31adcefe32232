import Formats
import Foundation

/// Pieces of a page that needs nothing else: well-formed, escaped, pictures inside.
public enum HTML {
  /// Text as it is to be read.
  public static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result.unicodeScalars.append(character)
      // Control characters have no place in a page.
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// A picture's file as part of the page; nil for what is no picture that browsers show.
  public static func picture(_ bytes: Data, shows: String) -> String? {
    let type: String
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      type = "png"
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      type = "jpeg"
    } else if String(decoding: bytes.prefix(256), as: UTF8.self).contains("<svg") {
      type = "svg+xml"
    } else {
      return nil
    }
    return
      "<img alt=\"\(escaped(shows))\" src=\"data:image/\(type);base64,\(bytes.base64EncodedString())\" />"
  }

  /// A table; cells that begin like a number stand to the right.
  public static func table(_ columns: [String], _ rows: [[String]]) -> String {
    table(columns.map(escaped), rows.map { $0.map(escaped) }) { isNumber($1) }
  }

  /// A table of cells that are HTML; where it is wider than the page it is moved within it.
  ///
  /// - Parameter standsRight: whether a cell does, given its column; asked of headings, too.
  static func table(
    _ columns: [String]?, _ rows: [[String]], standsRight: (_ column: Int, _ cell: String) -> Bool
  ) -> String {
    func line(_ cells: [String], _ tag: String) -> String {
      "<tr>"
        + cells.enumerated().map { column, cell in
          let classes = (standsRight(column, cell) ? ["r"] : []) + (isNumber(cell) ? ["n"] : [])
          let names = classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\""
          return "<\(tag)\(names)>\(cell)</\(tag)>"
        }.joined() + "</tr>"
    }
    let head = columns.map { "<thead>\(line($0, "th"))</thead>" } ?? ""
    let body = rows.map { line($0, "td") }.joined(separator: "\n")
    return "<div class=\"wide\"><table>\(head)<tbody>\(body)</tbody></table></div>"
  }

  private static func isNumber(_ cell: String) -> Bool {
    cell.first.map { $0.isNumber || "+-−".contains($0) } ?? false
  }

  /// A whole document of sections, each with its heading, that asks nothing of any network.
  public static func page(_ title: String, _ sections: [(heading: String, body: String)]) -> String {
    let list = sections.enumerated().map { "<li><a href=\"#s\($0)\">\(escaped($1.heading))</a></li>" }
      .joined()
    let bodies = sections.enumerated().map {
      "<section id=\"s\($0)\"><h2>\(escaped($1.heading))</h2>\n\($1.body)\n</section>"
    }.joined(separator: "\n")
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>\(escaped(title))</title><style>\(style)</style></head>
      <body><h1>\(escaped(title))</h1><nav><ul>\(list)</ul></nav>
      \(bodies)
      </body></html>

      """
  }

  private static let style = """
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
    h1, h2, h3 { line-height: 1.2; } section { margin-top: 2.5rem; } img { max-width: 100%; }
    table { border-collapse: collapse; font-size: 0.9rem; } .wide { overflow-x: auto; }
    th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 0.75rem; text-align: left; }
    .n { white-space: nowrap; } td.r, th.r { text-align: right; }
    pre, code { background: #f4f4f4; font-size: 0.9rem; } pre { padding: 0.75rem; overflow-x: auto; }
    .plots { display: flex; flex-wrap: wrap; gap: 1rem; } .plots img { width: 34rem; }
    @media (prefers-color-scheme: dark) { body { background: #fff; } }
    """
}
