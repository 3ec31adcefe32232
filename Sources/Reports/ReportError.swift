/// Why a picture or table could not be made.
public enum ReportError: Error, Equatable, CustomStringConvertible {
  /// The shape is no image's.
  case notAnImage(shape: [Int])
  /// An image has another number of values than its shape.
  case wrongImageSize(row: String, index: Int, count: Int, shape: [Int])
  /// Nothing was given to draw.
  case nothingToDraw(String)
  /// A row has another number of cells than there are columns.
  case raggedTable(row: Int, cells: Int, columns: Int)
  /// A page's template that cannot be read.
  case template(String)
  /// Names that a page's template has and the page does not, and the other way round.
  case unknownNames(template: String, missing: [String], unused: [String])

  /// A folder that a page cannot be made of.
  case nothingToReport(String)

  public var description: String {
    switch self {
    case .notAnImage(let shape):
      "shape \(shape) is not an image: [H, W] or [C, H, W] with 1 or 3 channels is needed"
    case .wrongImageSize(let row, let index, let count, let shape):
      "image \(index) of row '\(row)' has \(count) values, not the \(shape.reduce(1, *)) of shape \(shape)"
    case .nothingToReport(let what): what
    case .nothingToDraw(let what): "nothing to draw: \(what)"
    case .raggedTable(let row, let cells, let columns):
      "table row \(row) has \(cells) cells, the header has \(columns)"
    case .template(let problem): "the page's template cannot be read: \(problem)"
    case .unknownNames(let template, let missing, let unused):
      "the template '\(template)' and its values differ: "
        + [
          missing.isEmpty ? nil : "no value for \(missing.joined(separator: ", "))",
          unused.isEmpty ? nil : "no place for \(unused.joined(separator: ", "))",
        ].compactMap { $0 }.joined(separator: "; ")
    }
  }
}
