import Attacks
import Augmentation
import Formats
import Models
import Reports
import Torch

/// The picture of a run: originals, UAEs, their difference, and what the models make of them.
enum AugmentPictures {
  /// Columns of the grid.
  static let columns = 12

  static func write(_ plan: AugmentPlan, _ outcome: AugmentRun.Outcome, to path: String) throws {
    let uaes = outcome.uaes
    let won = uaes.succeeded.indices.filter { uaes.succeeded[$0] && uaes.copy[$0] == 0 }
    // Evenly over the set, so that no class is preferred.
    let source = won.isEmpty ? Array(uaes.index.indices) : won
    let count = min(columns, source.count)
    guard count > 0 else { return }
    let chosen = (0..<count).map { source[$0 * source.count / count] }
    let x = plan.train.gathered(chosen.map { uaes.index[$0] }), y = uaes.perturbed.gathered(chosen)
    func images(_ t: Tensor) -> [[Float]] { (0..<count).map { t[$0].floats } }
    let grid = try withoutGrad {
      try ImageGrid(
        shape: plan.dataset.sampleShape,
        rows: [
          .init("original x", images(x)), .init("UAE x'", images(y)),
          .init("x' - x", images(y - x), colouring: .signed()),
          .init("model of x", images(outcome.original(x))), .init("model of x'", images(outcome.original(y))),
          .init("retrained of x", images(outcome.retrained(x))),
        ])
    }
    try AtomicFile.write(try grid.drawn().image.png(), to: path)
  }
}
