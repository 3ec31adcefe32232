import Foundation
import MutualInformation
import Testing
import Torch

@Suite struct AuthorsMINETests {
  let configuration = MINE.Configuration(
    architecture: .authors, hiddenUnits: 3, stepsPerIteration: 4, learningRate: 1e-4)

  func make(_ indices: [Int], viewShape: [Int]) throws -> any MINEEstimator {
    try MINE.estimator(configuration, views: 5, viewShape: viewShape, seed: 6, indices: indices, device: .cpu)
  }

  @Test func weightsAreAsManyAsTheAuthors() {
    var c = configuration
    c.hiddenUnits = 10
    // Two branches of 16·(4 + 1), (11,664 + 1)·512, (512 + 1)·10, and v: weights and two moments of 4 bytes.
    let branch = 16 * 5 + 11_665 * 512 + 513 * 10
    #expect(c.stateBytes(viewShape: [28, 28]) == 12 * (2 * branch + 10))
  }

  @Test(arguments: [[4, 6], [24]]) func gradientIsTheSlopeOfTheBound(_ viewShape: [Int]) throws {
    let (x, y) = pairedViews(1, 5, 24)
    let estimator = try make([3], viewShape: viewShape)
    _ = estimator.advance(x, y, steps: 3)
    let gradient = estimator.advance(x, y, steps: 0).gradient.floats
    for at in [0, 31, 77, 119] {
      func value(_ change: Float) -> Double {
        var moved = y.floats
        moved[at] += change
        return estimator.advance(x, Tensor(moved, y.shape), steps: 0).values.item
      }
      let slope = (value(5e-3) - value(-5e-3)) / 1e-2
      #expect(abs(Double(gradient[at]) - slope) < 2e-3)
    }
  }

  /// One Gaussian coordinate with correlation 0.9 carries −½ ln(1 − 0.81) = 0.83 nats.
  @Test func trainingRaisesTheBoundTowardsTheInformation() throws {
    let count = 500
    let stream = RandomStream(seed: 5, purpose: .start)
    let x = stream.normal(count)
    let noise = stream.normal(count, position: 1000)
    let y = zip(x, noise).map { Float(0.9) * $0 + Float(0.19).squareRoot() * $1 }
    var c = configuration
    c.learningRate = 1e-3
    c.hiddenUnits = 16
    let estimator = try MINE.estimator(c, views: count, viewShape: [1], seed: 6, indices: [0], device: .cpu)
    let (u, v) = (Tensor(x, [1, count, 1]), Tensor(y, [1, count, 1]))
    let before = estimator.advance(u, v, steps: 0).values.item
    let after = estimator.advance(u, v, steps: 400).values.item
    #expect(before < 0.3)
    #expect(after > 0.4 && after < 1.2, "\(before) became \(after)")
  }

  @Test func resultDoesNotDependOnTheGroup() throws {
    let (x, y) = pairedViews(2, 5, 24)
    let together = try make([7, 9], viewShape: [4, 6]).advance(x, y, steps: 5)
    let alone = try make([9], viewShape: [4, 6]).advance(x[1..<2], y[1..<2], steps: 5)
    #expect(together.values[1].floats == alone.values.floats)
    #expect(together.gradient[1].floats == alone.gradient[0].floats)
  }

  @Test func viewsTooSmallForTheConvolutionAreRefused() {
    #expect(throws: MINEError.self) { try make([0], viewShape: [1, 9]) }
  }
}
