import Formats
import Reports
import Torch

/// The first images that a cell attacked and what it made of them, kept as an artifact so that pages are made from files
/// alone.
enum ShownImages {
  static let count = 10
  private static let artifact = "examples"

  /// - Parameters:
  ///   - originals, examples: `[images] + sampleShape`.
  static func keep(
    _ cell: some StudyCell, _ originals: Tensor, _ examples: Tensor, _ context: CellContext
  ) throws {
    _ = try context.artifact(artifact, key: cell) {
      let rows = 0..<min(count, originals.shape[0])
      return Safetensors.encode([
        (name: "x", array: originals[rows].hostArray), (name: "example", array: examples[rows].hostArray),
      ])
    }
  }

  /// The originals of the first cell, and a row of examples of each; nil where samples are no images or none are kept.
  static func grid<Cell: StudyCell>(_ cells: [(name: String, cell: FinishedCell<Cell>)]) throws -> ImageGrid?
  {
    try grid(
      cells.compactMap { name, cell in
        guard let path = try cell.artifact(artifact, key: cell.cell) else { return nil }
        let file = try Safetensors.open(path)
        return (name, try file.array("x"), try file.array("example"))
      })
  }

  /// The originals of the first, and the examples of each in a row of its name; nil for none, or for no images.
  static func grid(_ rows: [(name: String, originals: HostArray, examples: HostArray)]) throws -> ImageGrid? {
    guard let first = rows.first, first.originals.shape.count == 4 else { return nil }
    return try ImageGrid(
      shape: Array(first.originals.shape.dropFirst()),
      rows: [.init("x", first.originals.images)] + rows.map { .init($0.name, $0.examples.images) })
  }
}

extension HostArray {
  /// The values of each row.
  var images: [[Float]] {
    let size = shape.dropFirst().reduce(1, *), values = floats()
    return stride(from: 0, to: values.count, by: size).map { Array(values[$0..<$0 + size]) }
  }
}
