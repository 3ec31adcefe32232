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
    func line(_ cells: [String], _ tag: String) -> String {
      "<tr>"
        + cells.map { cell in
          let isNumber = cell.first.map { $0.isNumber || "+-−".contains($0) } ?? false
          return "<\(tag)\(isNumber && tag == "td" ? " class=\"n\"" : "")>\(escaped(cell))</\(tag)>"
        }.joined() + "</tr>"
    }
    return
      "<table><thead>\(line(columns, "th"))</thead><tbody>\(rows.map { line($0, "td") }.joined(separator: "\n"))"
      + "</tbody></table>"
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
    table { border-collapse: collapse; font-size: 0.9rem; } td.n, td:last-child { white-space: nowrap; }
    th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 0.75rem; text-align: left; } td.n { text-align: right; }
    pre, code { background: #f4f4f4; font-size: 0.9rem; } pre { padding: 0.75rem; overflow-x: auto; }
    .plots { display: flex; flex-wrap: wrap; gap: 1rem; } .plots img { width: 34rem; }
    @media (prefers-color-scheme: dark) { body { background: #fff; } }
    """
}
