import Mustache
import Synchronization

/// A page's text as a mustache template, in which every figure and setting is a name: `{{seeds}}`, a table `{{errors}}`,
/// a part that is there or repeated `{{#groups}} … {{/groups}}` (mustache.github.io/mustache.5.html).
///
/// A name without a value is an error, and so is a value without a place: text and figures cannot drift apart.
public struct Template: Sendable {
  /// What messages call it.
  public let name: String
  private let template: MustacheTemplate

  /// - Throws: ``ReportError/template(_:)`` with the place of the mistake.
  public init(_ name: String, _ text: String) throws(ReportError) {
    self.name = name
    do {
      // The page is Markdown: nothing is escaped.
      template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + text)
    } catch {
      throw .template("\(name): \(error)".split(separator: "\n").joined(separator: " "))
    }
  }

  /// - Throws: ``ReportError/unknownNames(template:missing:unused:)``.
  func render(_ values: [String: Any]) throws(ReportError) -> String {
    let page = Page(values)
    let text = template.render(page)
    let (missing, used) = page.names.withLock { $0 }
    let unused = Set(values.keys).subtracting(used)
    guard missing.isEmpty, unused.isEmpty else {
      throw .unknownNames(template: name, missing: missing.sorted(), unused: unused.sorted())
    }
    return text
  }

  /// The outermost values: a name that is not even here is missing.
  private final class Page: MustacheParent {
    private let values: [String: Any]
    let names = Mutex<(missing: Set<String>, used: Set<String>)>(([], []))

    init(_ values: [String: Any]) { self.values = values }

    func child(named name: String) -> Any? {
      let value = values[name]
      names.withLock { _ = value == nil ? $0.missing.insert(name) : $0.used.insert(name) }
      return value
    }
  }
}
