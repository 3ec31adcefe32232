import Formats
import Foundation
import Models
import Reports
import Torch

/// The pictures of the study: originals, examples and reconstructions before and after retraining, as PNG; the
/// distributions of f and of the information, and the error per class, as SVG.
enum Table4Pictures {
  /// Columns of a grid.
  static let columns = 10

  /// Keeps the images that a grid shows, so that reports are made from files alone.
  static func save(
    cell: Table4Cell, original: any Autoencoder, retrained: any Autoencoder, examples: Examples,
    entry: DatasetCache.Entry, _ context: CellContext
  ) throws {
    guard cell.seed == 1, entry.dataset.sampleShape.count == 3 else { return }
    _ = try context.artifact(name(cell), key: cell) {
      let train = chosen(entry.dataset.train.labels, count: entry.train.shape[0])
      let test = chosen(entry.dataset.test.labels, count: entry.test.shape[0])
      let x = entry.train.gathered(train)
      let y = examples.perturbed.gathered(train)
      let t = entry.test.gathered(test)
      let images = withoutGrad {
        [
          ("1 training x", x), ("2 example x'", y), ("4 model of x", original(x)),
          ("5 model of x'", original(y)),
          ("6 test x", t), ("7 before", original(t)), ("8 after", retrained(t)),
        ]
      }
      return Safetensors.encode(images.map { (name: $0.0, array: $0.1.hostArray) })
    }
  }

  /// The first sample of each class, or evenly spaced ones where there are no classes.
  private static func chosen(_ labels: [Int]?, count: Int) -> [Int] {
    guard let labels else { return (0..<min(columns, count)).map { $0 * count / min(columns, count) } }
    return Set(labels).sorted().prefix(columns).compactMap { labels.firstIndex(of: $0) }
  }

  private static func name(_ cell: Table4Cell) -> String { "pictures-\(cell.label)" }

  /// Writes every picture of a row and returns their names with what they show.
  static func write(_ row: Table4Row, store: CellStore, folder: String) throws -> [(
    file: String, shows: String
  )] {
    var written: [(String, String)] = []
    let prefix = "\(row.key.dataset)-\(row.key.model)-\(row.trainCount)-\(row.key.epochs)"
    let title = row.fullTitle
    func svg(_ name: String, _ shows: String, _ plot: Plot) throws {
      guard let document = try? plot.svg() else { return }
      try AtomicFile.write(Data(document.utf8), to: "\(folder)/\(prefix)-\(name).svg")
      written.append(("\(prefix)-\(name).svg", shows))
    }
    // Noise of the paper's σ cannot be seen.
    for arm in row.arms where !arm.arm.isGaussian {
      guard let cell = arm.cells.first(where: { $0.cell.seed == 1 })?.cell,
        let path = try store.existingArtifact(name(cell), key: cell)
      else { continue }
      let file = "\(prefix)-\(cell.arm.rawValue).png"
      try AtomicFile.write(try grid(path).drawn().image.png(), to: "\(folder)/\(file)")
      written.append(
        (file, "\(title), \(cell.arm.rawValue): examples and reconstructions before and after"))
    }
    let shown = row.arms.filter { $0.figures != nil && $0.arm.replacesFailures }
    func histograms(_ values: (ExampleFigures) -> [Float]) -> [Plot.Mark] {
      shown.compactMap { arm in
        arm.figures.map { .histogram(name: arm.arm.rawValue, values($0).map(Double.init), bins: 60) }
      }
    }
    try svg(
      "f", "\(title): f(x′) of the successes",
      Plot(
        "f(x′) of the successes", x: PlotAxis("f"), y: PlotAxis("share"), marks: histograms(\.criterionSample)
      ))
    try svg(
      "information", "\(title): exact information between x and x′ over the successes",
      Plot(
        "exact information I(x, x′)", x: PlotAxis("nats, one projection"), y: PlotAxis("share"),
        marks: histograms(\.informationSample)))
    let perClass = row.arms.filter { [.original, .repeated, .mineUAE, .farNoise].contains($0.arm) }.map {
      arm in
      Plot.Mark.line(
        name: arm.arm.rawValue, arm.perClass.enumerated().map { Plot.Point(Double($0.offset), $0.element) })
    }
    try svg(
      "classes", "\(title): test error class by class",
      Plot("test error per class", x: PlotAxis("class"), y: PlotAxis("mean squared error"), marks: perClass))
    return written
  }

  private static func grid(_ path: String) throws -> ImageGrid {
    let file = try Safetensors.open(path)
    func images(_ name: String) throws -> (shape: [Int], values: [[Float]]) {
      let array = try file.array(name)
      let size = array.shape.dropFirst().reduce(1, *)
      let values = array.floats()
      return (
        Array(array.shape.dropFirst()),
        stride(from: 0, to: values.count, by: size).map { Array(values[$0..<$0 + size]) }
      )
    }
    let x = try images("1 training x"), y = try images("2 example x'")
    var rows: [ImageGrid.Row] = []
    for name in file.names.sorted() { rows.append(.init(String(name.dropFirst(2)), try images(name).values)) }
    let difference = zip(y.values, x.values).map { zip($0, $1).map { $0 - $1 } }
    rows.insert(.init("x' - x", difference, colouring: .signed()), at: 2)
    return try ImageGrid(shape: x.shape, rows: rows)
  }
}
