import Formats
import Foundation

/// A page made of a template and what was measured, with the files that belong to it:
/// `<page>.md`, `.csv` and `.json`, and its pictures in `<page>-images/`.
public struct Document: Sendable {
  /// What a name in the template stands for.
  public indirect enum Value: Sendable {
    /// A text that replaces its name.
    case text(String)
    /// Whether a part of the page is there.
    case flag(Bool)
    /// A part that is repeated, with names of its own.
    case list([[String: Value]])
    /// A table.
    case table(Table)
    /// A picture with a name that is its file's, and that is not used twice.
    case plot(String, Plot)
    /// Pictures in rows, with the file's name and what it shows.
    case grid(String, ImageGrid, shows: String)
    /// Names that belong together, as one part of the page has them.
    case group([String: Value])
  }

  /// The page, with names for what is to be filled in.
  public var template: Template
  /// What is filled in, by name.
  public var values: [String: Value]
  /// What `.csv` has, a line per row; no file without.
  public var records: Records?
  /// What `.json` has; no file without.
  public var json: Data?

  /// A page, with the records that stand beside it as CSV and as JSON.
  public init(
    _ template: Template, _ values: [String: Value], records: Records? = nil, json: Data? = nil
  ) {
    self.template = template
    self.values = values
    self.records = records
    self.json = json
  }

  /// A file beside the page.
  private typealias Picture = (file: String, bytes: [UInt8])

  /// The page as text, its pictures in a folder of that name.
  ///
  /// - Throws: ``ReportError``, also for names of the template that have no value; what a picture throws.
  public func markdown(images folder: String = "images") throws -> String { try rendered(folder).text }

  private func rendered(_ folder: String) throws -> (text: String, pictures: [Picture]) {
    var pictures: [Picture] = []
    func picture(_ file: String, _ shows: String, _ bytes: [UInt8]) -> String {
      pictures.append((file, bytes))
      return "![\(shows)](\(folder)/\(file))\n"
    }
    func object(_ value: Value) throws -> Any {
      switch value {
      case .text(let text): return text
      case .flag(let flag): return flag
      case .list(let items): return try items.map { try objects($0) }
      case .group(let values): return try objects(values)
      case .table(let table): return table.markdown
      case .plot(let name, let plot): return picture("\(name).svg", plot.title, Array(try plot.svg().utf8))
      case .grid(let name, let grid, let shows):
        return picture("\(name).png", shows, try grid.drawn().image.png())
      }
    }
    // In the order of names, so that pictures are made in the same order every time.
    func objects(_ values: [String: Value]) throws -> [String: Any] {
      try Dictionary(
        uniqueKeysWithValues: values.sorted { $0.key < $1.key }.map { ($0.key, try object($0.value)) })
    }
    // Parts that are not there leave no empty lines at the end.
    return (try template.render(objects(values)).trimmingCharacters(in: .newlines) + "\n", pictures)
  }

  /// The text under a heading of the page, up to the next one of its level; empty where there is none.
  public func section(_ heading: String) throws -> String {
    let lines = try markdown().split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(of: "## \(heading)") else { return "" }
    return lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }.joined(separator: "\n")
      .trimmingCharacters(in: .newlines)
  }

  /// Writes the page and all that belongs to it. Nothing is written unless all of it can be made; each file, and the
  /// folder of the pictures, then appears whole.
  ///
  /// - Parameter page: the path of the `.md` file.
  /// - Throws: ``ReportError``; `SystemError` or what the file manager throws where a file cannot be written.
  public func write(page: String) throws {
    let stem = page.hasSuffix(".md") ? String(page.dropLast(3)) : page
    let images = stem + "-images"
    let (text, pictures) = try rendered(URL(fileURLWithPath: images).lastPathComponent)
    let files = FileManager.default
    let fresh = "\(images).\(getpid())\(AtomicFile.temporarySuffix)"
    try? files.removeItem(atPath: fresh)
    defer { try? files.removeItem(atPath: fresh) }
    try files.createDirectory(atPath: fresh, withIntermediateDirectories: true)
    for picture in pictures { try AtomicFile.write(picture.bytes, to: "\(fresh)/\(picture.file)") }
    if files.fileExists(atPath: images) { try files.removeItem(atPath: images) }
    if !pictures.isEmpty { try files.moveItem(atPath: fresh, toPath: images) }
    if let records { try AtomicFile.write(Data(records.csv.utf8), to: stem + ".csv") }
    if let json { try AtomicFile.write(json, to: stem + ".json") }
    // The page last: where it is, all that it names is there.
    try AtomicFile.write(Data(text.utf8), to: stem + ".md")
  }
}

extension Document.Value {
  /// Names that belong together, and no part of the page without any.
  public static func list(_ items: [[String: Document.Value]], as name: String) -> Document.Value {
    items.isEmpty ? .flag(false) : .group([name: .list(items)])
  }

  /// A text, and no part of the page without one.
  public static func optional(_ text: String?) -> Document.Value { text.map { .text($0) } ?? .flag(false) }
}
