import Evaluation
import Reports

/// One picture a row: originals, and below them what every arm makes of them.
enum Table4Pictures {
  static func all(_ row: Table4Row) throws -> [[String: Document.Value]] {
    // Noise of the paper's σ cannot be seen.
    let shown = row.arms.filter { $0.arm.name?.hasPrefix(Table4Arms.gaussian) != true }
    let paths = try shown.compactMap { arm in
      try arm.cells.first { $0.cell.seed == 1 }.flatMap(ExperimentPictures.path).map { (arm.name, $0) }
    }
    guard let grid = try ExperimentPictures.examples(paths) else { return [] }
    let name = "\(row.key.dataset)-\(row.key.model)-\(row.trainCount)-\(row.key.epochs)"
    let shows = "\(row.fullTitle), seed 1: training samples and the examples of each arm"
    return [
      [
        "picture": .grid(name, grid, shows: shows), "shows": .text(shows),
      ]
    ]
  }
}
