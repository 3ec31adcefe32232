import Evaluation
import Formats
import Foundation
import Models
import Reports
import Torch

/// The pictures of the study: originals, examples and reconstructions before and after retraining, as PNG; the
/// distributions of f and of the information, and the error per class, as SVG.
enum Table4Pictures {
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
    for arm in row.arms where arm.arm.name?.hasPrefix(Table4Arms.gaussian) != true {
      guard let cell = arm.cells.first(where: { $0.cell.seed == 1 })?.cell,
        let path = try ExperimentPictures.path(cell, store)
      else { continue }
      let file = "\(prefix)-\(arm.name).png"
      try AtomicFile.write(try grid(path).drawn().image.png(), to: "\(folder)/\(file)")
      written.append(
        (file, "\(title), \(arm.name): examples and reconstructions before and after"))
    }
    let shown = row.arms.filter { $0.figures != nil && $0.arm.replacesFailures }
    func histograms(_ values: (ExampleFigures) -> [Float]) -> [Plot.Mark] {
      shown.compactMap { arm in
        arm.figures.map { .histogram(name: arm.name, values($0).map(Double.init), bins: 60) }
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
    let perClass = row.arms.filter {
      [Table4Arms.original, Table4Arms.repeated, Table4Arms.mineUAE, "far-noise"].contains($0.arm.name)
    }.map {
      arm in
      Plot.Mark.line(
        name: arm.name, arm.perClass.enumerated().map { Plot.Point(Double($0.offset), $0.element) })
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
