import Attacks
import Formats
import Models
import Reports
import Runs
import Torch

/// What TensorBoard shows of examples and models beside their numbers.
enum LoggedPictures {
  private static let columns = 12

  /// Samples and what a model makes of them; nil for samples that are no images.
  static func rebuilt(_ model: any Model, _ samples: Tensor) throws -> RasterImage? {
    guard model.outputs.contains(.reconstruction), samples.shape.count == 4, samples.shape[0] > 0 else {
      return nil
    }
    let few = samples[0..<min(columns, samples.shape[0])]
    let made = try withoutGrad { try model.output(.reconstruction, of: few) }
    return try grid([("x", few, false), ("model of x", made, false)])
  }

  /// Distances, criterion and pictures of examples, and the recipe that they were made by.
  ///
  /// - Parameter set: the samples that the examples' indices count.
  static func log(
    _ examples: Examples, of set: Tensor, _ figures: AttackFigures?, recipe: Recipe, to log: RunLog
  ) {
    let step = examples.count
    let originals = set.gathered(examples.index), perturbed = examples.perturbed.to(set.device)
    let won = examples.succeeded.indices.filter { examples.succeeded[$0] }
    let distances = ExampleDistances(originals, perturbed)
    for (name, values) in [("l2", distances.l2), ("linf", distances.linf)] {
      log.histogram("examples/\(name)", won.map { Double(values[$0]) }, step: step)
    }
    log.histogram("examples/criterion", examples.criterion.map(Double.init), step: step)
    for (name, mean) in figures?.distances ?? [:] { log.scalar("examples/mean \(name)", mean, step: step) }
    if let text = try? recipe.yaml(run: [String: String]()) { log.text("recipe", "```\n\(text)\n```") }
    let chosen = Array(won.prefix(columns))
    guard set.shape.count == 4, !chosen.isEmpty else { return }
    let x = originals.gathered(chosen), y = perturbed.gathered(chosen)
    if let image = try? grid([("x", x, false), ("x'", y, false), ("x' - x", y - x, true)]) {
      log.image("examples/originals, examples, differences", image, step: step)
    }
  }

  private static func grid(_ rows: [(name: String, images: Tensor, isSigned: Bool)]) throws -> RasterImage {
    let shape = Array(rows[0].images.shape.dropFirst())
    return try ImageGrid(
      shape: shape,
      rows: rows.map { row in
        ImageGrid.Row(
          row.name, (0..<row.images.shape[0]).map { row.images[$0].floats },
          colouring: row.isSigned ? .signed() : .plain)
      }
    ).drawn().image
  }
}
