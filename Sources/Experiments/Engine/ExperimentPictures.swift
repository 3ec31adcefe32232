import Formats
import Models
import Reports
import Torch

/// The images that a picture of a cell shows: kept as an artifact, so that reports are made from files alone.
enum ExperimentPictures {
  /// Columns of a grid.
  static let columns = 10

  static func save(
    _ cell: Experiment, original: any Model, retrained: any Model, perturbed: Tensor, _ parts: DataPart.Parts,
    _ context: CellContext
  ) throws {
    guard original.sampleShape.count == 3, original.outputs.contains(.reconstruction) else {
      return
    }
    _ = try context.artifact(name(cell), key: cell) {
      let train = chosen(parts.train), test = chosen(parts.test)
      let x = parts.train.samples.gathered(train), y = perturbed.gathered(train)
      let t = parts.test.samples.gathered(test)
      func rebuilt(_ model: any Model, _ x: Tensor) throws -> Tensor {
        try model.output(.reconstruction, of: x)
      }
      let images = try withoutGrad {
        [
          (originals, x), (examples, y), ("4 model of x", try rebuilt(original, x)),
          ("5 model of x'", try rebuilt(original, y)), ("6 test x", t),
          ("7 before", try rebuilt(original, t)),
          ("8 after", try rebuilt(retrained, t)),
        ]
      }
      return Safetensors.encode(images.map { (name: $0.0, array: $0.1.hostArray) })
    }
  }

  /// The artifact of a cell's images.
  static func path(_ finished: FinishedCell<Experiment>) throws -> String? {
    try path(finished.cell, of: finished)
  }

  /// The same of an experiment that another cell performed.
  static func path(_ experiment: Experiment, of finished: FinishedCell<some StudyCell>) throws -> String? {
    try finished.artifact(name(experiment), key: experiment)
  }

  /// The first sample of each class, or evenly spaced ones where there are no classes.
  private static func chosen(_ data: TrainingData) -> [Int] {
    let count = data.count
    guard let labels = data.labels else {
      return (0..<min(columns, count)).map { $0 * count / min(columns, count) }
    }
    return Set(labels).sorted().prefix(columns).compactMap { labels.firstIndex(of: $0) }
  }

  private static func name(_ cell: Experiment) -> String { "pictures-\(cell.label)" }

  private static let originals = "1 training x"
  private static let examples = "2 example x'"

  /// The originals of the first, and the examples of each in a row of its name; nil for none.
  static func examples(_ paths: [(name: String, path: String)]) throws -> ImageGrid? {
    try ShownImages.grid(
      paths.map { name, path in
        let file = try Safetensors.open(path)
        return (name, try file.array(originals), try file.array(examples))
      })
  }

  /// Originals, examples, what was changed, and what the models make of them: a row each.
  static func grid(_ path: String) throws -> ImageGrid {
    let file = try Safetensors.open(path)
    let x = try file.array(originals), y = try file.array(examples)
    var rows: [ImageGrid.Row] = []
    for name in file.names.sorted() {
      rows.append(.init(String(name.dropFirst(2)), try file.array(name).images))
    }
    let difference = zip(y.images, x.images).map { zip($0, $1).map { $0 - $1 } }
    rows.insert(.init("x' - x", difference, colouring: .signed()), at: 2)
    return try ImageGrid(shape: Array(x.shape.dropFirst()), rows: rows)
  }
}
