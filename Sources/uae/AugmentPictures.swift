import Attacks
import Experiments
import Formats
import Models
import Reports
import Torch

/// The picture of a run: originals, UAEs, their difference, and what the models make of them.
enum AugmentPictures {
  /// Columns of the grid.
  static let columns = 12

  static func write(_ plan: AugmentPlan, _ outcome: AugmentRun.Outcome, to path: String) throws {
    let examples = outcome.examples
    let won = examples.succeeded.indices.filter { examples.succeeded[$0] && examples.copy[$0] == 0 }
    // Evenly over the set, so that no class is preferred.
    let source = won.isEmpty ? Array(examples.index.indices) : won
    let count = min(columns, source.count)
    guard count > 0 else { return }
    let chosen = (0..<count).map { source[$0 * source.count / count] }
    let x = plan.train.samples.gathered(chosen.map { examples.index[$0] }),
      y = examples.perturbed.gathered(chosen).to(plan.train.samples.device)
    func images(_ t: Tensor) -> [[Float]] { (0..<count).map { t[$0].floats } }
    var rows: [ImageGrid.Row] = [
      .init("original x", images(x)), .init("UAE x'", images(y)),
      .init("x' - x", images(y - x), colouring: .signed()),
    ]
    if outcome.original.outputs.contains(.reconstruction) {
      func rebuilt(_ model: any Model, _ x: Tensor) throws -> [[Float]] {
        images(try model.output(.reconstruction, of: x))
      }
      rows += try withoutGrad {
        [
          .init("model of x", try rebuilt(outcome.original, x)),
          .init("model of x'", try rebuilt(outcome.original, y)),
          .init("retrained of x", try rebuilt(outcome.retrained, x)),
        ]
      }
    }
    let grid = try ImageGrid(shape: plan.dataset.sampleShape, rows: rows)
    try AtomicFile.write(try grid.drawn().image.png(), to: path)
  }
}
