import Foundation

/// A page that holds everything it shows: no script, no style sheet, no picture of its own file.
public struct HTMLPage: Sendable {
  /// What a page is made of, from top to bottom.
  public enum Part: Sendable {
    case heading(String)
    case paragraph(String)
    case table(Table)
    /// An SVG document, set into the page as it is.
    case svg(String)
    /// A PNG file's bytes and what it shows, for readers who cannot see it.
    case png(Data, description: String)
  }

  public var title: String
  public var parts: [Part]

  public init(title: String, parts: [Part] = []) {
    self.title = title
    self.parts = parts
  }

  /// The document; all text is escaped.
  public var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><title>\(Markup.escaped(title))</title>
    <style>
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
    table { border-collapse: collapse; margin: 1rem 0; }
    th, td { border-bottom: 1px solid #ccc; padding: .25rem .75rem; text-align: left; font-variant-numeric: tabular-nums; }
    img, svg { max-width: 100%; height: auto; image-rendering: pixelated; }
    </style></head><body>
    <h1>\(Markup.escaped(title))</h1>
    \(parts.map(Self.html).joined(separator: "\n"))
    </body></html>

    """
  }

  private static func html(_ part: Part) -> String {
    switch part {
    case .heading(let text): "<h2>\(Markup.escaped(text))</h2>"
    case .paragraph(let text): "<p>\(Markup.escaped(text))</p>"
    case .table(let table): html(table)
    case .svg(let document): "<figure>\(document)</figure>"
    case .png(let data, let description):
      "<img alt=\"\(Markup.escaped(description))\" src=\"data:image/png;base64,\(data.base64EncodedString())\">"
    }
  }

  private static func html(_ table: Table) -> String {
    func row(_ cells: [String], _ tag: String) -> String {
      "<tr>" + cells.map { "<\(tag)>\(Markup.escaped($0))</\(tag)>" }.joined() + "</tr>"
    }
    let body = table.rows.map { row($0, "td") }.joined(separator: "\n")
    return "<table><thead>\(row(table.columns, "th"))</thead><tbody>\n\(body)\n</tbody></table>"
  }
}
