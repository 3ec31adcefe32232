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
    var rows: [ImageGrid.Row] = [], shape: [Int] = []
    for (name, cell) in cells {
      guard let path = try cell.artifact(artifact, key: cell.cell) else { continue }
      let file = try Safetensors.open(path)
      let x = try file.array("x")
      guard x.shape.count == 4 else { return nil }
      shape = Array(x.shape.dropFirst())
      if rows.isEmpty { rows.append(.init("x", x.images)) }
      rows.append(.init(name, try file.array("example").images))
    }
    return rows.isEmpty ? nil : try ImageGrid(shape: shape, rows: rows)
  }
}

extension HostArray {
  /// The values of each row.
  var images: [[Float]] {
    let size = shape.dropFirst().reduce(1, *), values = floats()
    return stride(from: 0, to: values.count, by: size).map { Array(values[$0..<$0 + size]) }
  }
}
