import Foundation

/// The Markdown of this program's own pages as HTML: headings, paragraphs, lists, pipe tables, code, emphasis, links, pictures.
/// What is anything else stays text.
public struct MarkdownText {
  /// The element of a picture, by its path; nil where there is none.
  private let picture: (_ path: String, _ shows: String) -> String?

  /// A reader of Markdown, which asks for the HTML of each picture.
  public init(picture: @escaping (_ path: String, _ shows: String) -> String?) { self.picture = picture }

  /// The text as elements, its headings two levels down, since it is a part of a page.
  public func html(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var result: [String] = []
    while let line = lines.first {
      if line.hasPrefix("```") {
        let body = lines.dropFirst().prefix { !$0.hasPrefix("```") }
        lines = lines.dropFirst(body.count + 2)
        result.append("<pre>\(HTML.escaped(body.joined(separator: "\n")))</pre>")
      } else if let level = heading(line) {
        lines = lines.dropFirst()
        let tag = "h\(min(6, level + 2))"
        result.append("<\(tag)>\(inline(line.dropFirst(level + 1)))</\(tag)>")
      } else if line.hasPrefix("|") {
        let rows = lines.prefix { $0.hasPrefix("|") }
        lines = lines.dropFirst(rows.count)
        result.append(table(Array(rows)))
      } else if line.hasPrefix("- ") {
        // What is indented goes on with the item above it.
        let items = lines.prefix { $0.hasPrefix("- ") || $0.hasPrefix("  ") }
        lines = lines.dropFirst(items.count)
        let texts = items.reduce(into: [String]()) { texts, line in
          if line.hasPrefix("- ") {
            texts.append(String(line.dropFirst(2)))
          } else {
            texts[texts.count - 1] += " " + line
          }
        }
        result.append("<ul>\(texts.map { "<li>\(inline($0))</li>" }.joined())</ul>")
      } else if line.allSatisfy(\.isWhitespace) {
        lines = lines.dropFirst()
      } else {
        let paragraph = lines.prefix {
          !$0.allSatisfy(\.isWhitespace) && !$0.hasPrefix("|") && !$0.hasPrefix("```") && !$0.hasPrefix("- ")
            && heading($0) == nil
        }
        lines = lines.dropFirst(paragraph.count)
        result.append("<p>\(inline(paragraph.joined(separator: "\n")))</p>")
      }
    }
    return result.joined(separator: "\n")
  }

  private func heading(_ line: Substring) -> Int? {
    let level = line.prefix { $0 == "#" }.count
    return (1...6).contains(level) && line.dropFirst(level).first == " " ? level : nil
  }

  private func table(_ lines: [Substring]) -> String {
    func cells(_ line: Substring) -> [String] {
      line.replacingOccurrences(of: "\\|", with: "\u{1}").split(
        separator: "|", omittingEmptySubsequences: false
      )
      .dropFirst().dropLast()
      .map { $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "\u{1}", with: "|") }
    }
    let isRuled = lines.count > 1 && lines[1].allSatisfy { "|-: ".contains($0) }
    let toTheRight = isRuled ? cells(lines[1]).map { $0.hasSuffix("-:") && !$0.hasPrefix(":") } : []
    let rows = lines.dropFirst(isRuled ? 2 : 0).map { cells($0).map { inline($0) } }
    return HTML.table(isRuled ? cells(lines[0]).map { inline($0) } : nil, rows) { column, _ in
      toTheRight.indices.contains(column) && toTheRight[column]
    }
  }

  /// Code, pictures, links and emphasis within a line.
  private func inline(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    var result = ""
    while let first = rest.first {
      if first == "`", let end = rest.dropFirst().firstIndex(of: "`") {
        result += "<code>\(HTML.escaped(rest[rest.index(after: rest.startIndex)..<end]))</code>"
        rest = rest[rest.index(after: end)...]
      } else if let found = rest.prefixMatch(of: /!\[([^\]]*)\]\(([^)\s]+)\)/) {
        result += picture(String(found.2), String(found.1)) ?? HTML.escaped(found.1)
        rest = rest[found.range.upperBound...]
      } else if let found = rest.prefixMatch(of: /\[([^\]]*)\]\(([^)\s]+)\)/) {
        // Other files are not part of the page.
        let isOutside = found.2.hasPrefix("https://") || found.2.hasPrefix("http://")
        let label = inline(found.1)
        result += isOutside ? "<a href=\"\(HTML.escaped(found.2))\">\(label)</a>" : label
        rest = rest[found.range.upperBound...]
      } else if let found = rest.prefixMatch(of: /\*\*([^*]+)\*\*/) {
        result += "<strong>\(inline(found.1))</strong>"
        rest = rest[found.range.upperBound...]
      } else if let found = rest.prefixMatch(of: /\*([^*\s][^*]*)\*/) {
        result += "<em>\(inline(found.1))</em>"
        rest = rest[found.range.upperBound...]
      } else {
        result += HTML.escaped(String(first))
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
