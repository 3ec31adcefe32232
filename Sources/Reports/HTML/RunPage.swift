import Formats
import Foundation

/// One page of all that a folder of a run or a study tells: its command, pages, figures, plots, pictures and settings.
public struct RunPage {
  private let folder: String
  private var used: Set<String> = []
  private var budget: Int

  /// Larger files are named, not shown; more than the second number of bytes of pictures is none for a browser.
  private static let largestText = 4 << 20, allPictures = 64 << 20, mostRows = 2000, mostPlots = 60

  /// - Throws: ``ReportError`` where the folder is none or has nothing that a report is made of.
  public static func html(folder: String, status: String? = nil) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw ReportError.nothingToReport("\(folder) is no folder; give that of a run or of a study")
    }
    var page = RunPage(folder: folder, budget: allPictures)
    let sections = try page.sections(status)
    guard !sections.isEmpty else {
      throw ReportError.nothingToReport(
        "\(folder) has no results, pages, figures or settings; give the folder of a run or of a study")
    }
    return HTML.page(URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent, sections)
  }

  private mutating func sections(_ status: String?) throws -> [(heading: String, body: String)] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
      .sorted()
    var sections: [(heading: String, body: String)] = []
    func add(_ heading: String, _ body: String) { if !body.isEmpty { sections.append((heading, body)) } }
    let metrics = Metrics(path: "\(folder)/metrics.jsonl")
    add("Command", metrics.commands.map { "<pre>\(HTML.escaped($0))</pre>" }.joined())
    if let status { add("Run", "<pre>\(HTML.escaped(status))</pre>") }
    for name in names where name.hasSuffix(".md") {
      guard let text = text(name) else { continue }
      var pictures: [String] = []
      var left = budget
      let markdown = MarkdownText { [folder] path, shows in
        guard let bytes = Self.file(folder, path), bytes.count <= left else { return nil }
        left -= bytes.count
        pictures.append(path)
        return HTML.picture(bytes, shows: shows)
      }
      add(String(name.dropLast(3)), markdown.html(text))
      used.formUnion(pictures)
      budget = left
    }
    add("Pictures", pictures(in: names))
    for name in names where name.hasSuffix("results.json") {
      guard let text = text(name), let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) else {
        continue
      }
      add(name == "results.json" ? "Results" : name, Self.figures(value))
    }
    add("As it went", metrics.plots(atMost: Self.mostPlots))
    for name in names where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
      if let text = text(name) { add("Settings: \(name)", "<pre>\(HTML.escaped(text))</pre>") }
    }
    for name in names where name.hasSuffix(".csv") && name != "metrics.csv" {
      if let text = text(name) { add(name, Self.csv(text)) }
    }
    if !sections.isEmpty { add("Files", HTML.table(["file", "bytes"], names.map { [$0, size($0)] })) }
    return sections
  }

  private mutating func pictures(in names: [String]) -> String {
    var shown: [String] = []
    for name in names
    where ["png", "svg", "jpg", "jpeg"].contains(URL(fileURLWithPath: name).pathExtension.lowercased()) {
      guard !used.contains(name), let bytes = Self.file(folder, name), bytes.count <= budget,
        let picture = HTML.picture(bytes, shows: name)
      else { continue }
      budget -= bytes.count
      shown.append("<figure>\(picture)<figcaption>\(HTML.escaped(name))</figcaption></figure>")
    }
    return shown.joined(separator: "\n")
  }

  /// A file below the folder; a page that names files elsewhere gets none of them.
  private static func file(_ folder: String, _ path: String) -> Data? {
    guard !path.hasPrefix("/"), !path.split(separator: "/").contains(".."), !path.contains(":") else {
      return nil
    }
    let whole = "\(folder)/\(path)"
    let size = (try? FileManager.default.attributesOfItem(atPath: whole))?[.size] as? Int
    guard let size, size <= allPictures else { return nil }
    return FileManager.default.contents(atPath: whole)
  }

  private func text(_ name: String) -> String? {
    guard let bytes = Self.file(folder, name), bytes.count <= Self.largestText else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func size(_ name: String) -> String {
    var isFolder: ObjCBool = false
    let path = "\(folder)/\(name)"
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
      return "folder"
    }
    return ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int).map(String.init) ?? ""
  }

  private static func csv(_ text: String) -> String {
    let rows = text.split(whereSeparator: \.isNewline).prefix(mostRows + 1).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    // Fields in quotes may hold commas: such a file is shown as it is.
    guard let columns = rows.first, !text.contains("\""), rows.allSatisfy({ $0.count == columns.count })
    else {
      return "<pre>\(HTML.escaped(text.prefix(200_000)))</pre>"
    }
    return HTML.table(columns, Array(rows.dropFirst()))
  }

  /// Figures of a document of JSON: sentences as a list, everything else as a row by its dotted key.
  private static func figures(_ value: Any) -> String {
    var rows: [[String]] = []
    var sentences: [String] = []
    func visit(_ value: Any, _ key: String) {
      if let object = value as? [String: Any] {
        if let mean = object["mean"] as? NSNumber, object.values.allSatisfy({ !($0 is [String: Any]) }) {
          let spread = (object["standardDeviation"] ?? object["sd"] ?? object["deviation"]) as? NSNumber
          let count = (object["values"] as? [Any])?.count
          rows.append([
            key,
            mean.doubleValue.text(.general(5))
              + (spread.map { " ± \($0.doubleValue.text(.general(3)))" } ?? ""),
            count.map { "of \($0)" } ?? "",
          ])
        } else {
          for (name, member) in object.sorted(by: { $0.key < $1.key }) {
            visit(member, key.isEmpty ? name : "\(key).\(name)")
          }
        }
      } else if let list = value as? [Any] {
        if let words = list as? [String], words.contains(where: { $0.contains(" ") }) {
          sentences += words
        } else if list.count <= 12, list.allSatisfy({ $0 is NSNumber || $0 is String }) {
          rows.append([key, list.map { "\($0)" }.joined(separator: ", "), ""])
        } else {
          for (index, member) in list.enumerated().prefix(200) { visit(member, "\(key).\(index)") }
        }
      } else if let number = value as? NSNumber {
        rows.append([key, "\(number)", ""])
      } else if let text = value as? String {
        rows.append([key, text, ""])
      }
    }
    visit(value, "")
    let list =
      sentences.isEmpty ? "" : "<ul>\(sentences.map { "<li>\(HTML.escaped($0))</li>" }.joined())</ul>"
    let all = Array(rows.prefix(mostRows))
    return list + (all.isEmpty ? "" : HTML.table(["figure", "value", ""], all))
  }
}
