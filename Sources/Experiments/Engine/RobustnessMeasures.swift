import Attacks
import Evaluation
import Models
import Torch

/// What a trained model is like besides its test error. Where a model rebuilds its input the errors are ‖Φ(x̃) − target‖² per
/// value, where it names classes the share of x̃ that it names wrongly.
public struct RobustnessMeasures: Codable, Equatable, Sendable {
  /// Of test images x̃ = x + 0.2 · N(0, I), clipped; the target is x.
  public var noisy: Double
  /// Of test images whose upper left quarter is black (of a table's row: the first quarter); the target is x.
  public var occluded: Double
  /// Of test images moved by one pixel (nil for rows of a table); the target is x̃.
  public var shifted: Double?
  /// The success rate of attacks on test samples, and the mean ‖δ‖₂ of the successes: switching steps from noise of
  /// σ = 0.4, α = 1, T = 40.
  public var attacked: Double
  /// The mean ‖δ‖₂ of the examples found.
  public var attackedL2: Double

  static let shown = 1000
  static let attackedCount = 256

  /// - Parameter data: the test samples `[count, …]`, of which the first are used, with labels for a classifier.
  init(_ model: any Model, _ data: TrainingData) throws {
    let test = data.samples, rebuilds = model.outputs.contains(.reconstruction)
    let x = test[0..<min(Self.shown, test.shape[0])]
    let shape = x.shape, labels = data.labels.map { Array($0.prefix(shape[0])) }
    func error(_ input: Tensor, _ target: Tensor) throws -> Double {
      guard rebuilds else { return mean(try sampleErrors(model, TrainingData(input, labels: labels))) }
      return try withoutGrad { (try model.output(.reconstruction, of: input) - target).square().mean().item }
    }
    let noise = Tensor(RandomStream(seed: 0, purpose: .augmentation, index: -2).normal(x.count), shape)
      .to(x.device)
    noisy = try error((x + noise * 0.2).clamped(0...1), x)
    if shape.count == 4 {
      let height = shape[2], width = shape[3]
      var mask = [Float](repeating: 1, count: height * width)
      for i in mask.indices where i / width < height / 2 && i % width < width / 2 { mask[i] = 0 }
      occluded = try error(x * Tensor(mask, [1, 1, height, width]).to(x.device), x)
      let edge = Tensor.zeros([shape[0], shape[1], height, 1], device: x.device)
      let moved = concatenated([edge, x.sliced(3, 0..<width - 1)], 3)
      shifted = try error(moved, moved)
    } else {
      let size = x.count / shape[0]
      let mask = (0..<size).map { $0 < size / 4 ? Float(0) : 1 }
      occluded = try error(x * Tensor(mask, [1] + shape.dropFirst()).to(x.device), x)
      shifted = nil
    }
    let few = test[0..<min(Self.attackedCount, test.shape[0])]
    let result = try Attack(
      criterion: Criteria.make(Choice(rebuilds ? "reconstruction" : "same-class"), on: model),
      similarity: ExactInformation(),
      solver: Switching(start: .noise(sigma: 0.4), alpha: 1, iterations: 40), seed: 0
    ).run(few, range: 0..<few.shape[0], threads: 1)
    attacked = result.successRate
    let l2 = withoutGrad { (result.perturbed - few).sampleNorms() }.doubles
    attackedL2 = mean(zip(l2, result.status).filter { $1 == .succeeded }.map(\.0))
  }
}
