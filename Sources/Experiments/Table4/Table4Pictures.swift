import Evaluation
import Formats
import Reports

/// The pictures of the study: originals, examples and reconstructions before and after retraining; the distributions of
/// f and of the information, and the error per class.
enum Table4Pictures {
  /// Every picture of a row with what it shows.
  static func all(_ row: Table4Row) throws -> [[String: Document.Value]] {
    let prefix = "\(row.key.dataset)-\(row.key.model)-\(row.trainCount)-\(row.key.epochs)"
    // Noise of the paper's σ cannot be seen.
    let grids = try row.arms.filter { $0.arm.name?.hasPrefix(Table4Arms.gaussian) != true }.compactMap {
      arm -> [String: Document.Value]? in
      guard let cell = arm.cells.first(where: { $0.cell.seed == 1 }),
        let path = try ExperimentPictures.path(cell)
      else { return nil }
      let shows = "\(row.fullTitle), \(arm.name): examples and reconstructions before and after"
      return [
        "picture": .grid("\(prefix)-\(arm.name)", try ExperimentPictures.grid(path), shows: shows),
        "shows": .text(shows),
      ]
    }
    // A plot without a finite point is left out.
    return grids
      + plots(row).filter { (try? $0.plot.svg()) != nil }.map { name, plot in
        ["picture": .plot("\(prefix)-\(name)", plot), "shows": .text(plot.title)]
      }
  }

  private static func plots(_ row: Table4Row) -> [(name: String, plot: Plot)] {
    let shown = row.arms.filter { $0.figures != nil && $0.arm.replacesFailures }
    func histograms(_ values: (ExampleFigures) -> [Float]) -> [Plot.Mark] {
      shown.compactMap { arm in
        arm.figures.map { .histogram(name: arm.name, values($0).map(Double.init), bins: 60) }
      }
    }
    let perClass = row.arms.filter {
      [Table4Arms.original, Table4Arms.repeated, Table4Arms.mineUAE, "far-noise"].contains($0.arm.name)
    }.map { arm in
      Plot.Mark.line(
        name: arm.name, arm.perClass.enumerated().map { Plot.Point(Double($0.offset), $0.element) })
    }
    return [
      (
        "f",
        Plot(
          "\(row.fullTitle): f(x′) of the successes", x: PlotAxis("f"), y: PlotAxis("share"),
          marks: histograms(\.criterionSample))
      ),
      (
        "information",
        Plot(
          "\(row.fullTitle): exact information I(x, x′) over the successes",
          x: PlotAxis("nats, one projection"), y: PlotAxis("share"), marks: histograms(\.informationSample))
      ),
      (
        "classes",
        Plot(
          "\(row.fullTitle): test error per class", x: PlotAxis("class"), y: PlotAxis("mean squared error"),
          marks: perClass)
      ),
    ]
  }
}
