import Attacks
import Models
import MutualInformation
import Torch

/// A model for samples of a data set's shape with the views that MINE takes, and the arithmetic that an attack on it needs.
///
/// Samples are uniform noise and weights are untrained: neither decides how long the arithmetic takes.
struct Subject: Sendable {
  enum Views: String, Codable, CaseIterable { case convolution, projection }

  let name: String
  let family: ModelFamily
  let shape: [Int]
  let views: Views
  let architecture: MINE.Architecture

  static let all: [Subject] = [
    ("digits", ModelFamily.convolutional, [1, 8, 8]), ("MNIST", .convolutional, [1, 28, 28]),
    ("MNIST", .dense, [1, 28, 28]), ("CIFAR-10", .convolutional, [3, 32, 32]),
  ].flatMap { (data: String, family: ModelFamily, shape: [Int]) in
    // A dense model has no convolution to take views by.
    Views.allCases.filter { $0 == .projection || family.name == ModelFamily.convolutional.name }.map {
      Subject(name: data, family: family, shape: shape, views: $0, architecture: .vanilla)
    }
  }

  static let mnist = all[2]  // the convolutional model, views by its convolution

  func with(_ architecture: MINE.Architecture) -> Subject {
    Subject(name: name, family: family, shape: shape, views: views, architecture: architecture)
  }

  var configuration: MINE.Configuration {
    MINE.Configuration(
      architecture: architecture, hiddenUnits: architecture == .vanilla ? 16 : 10,
      learningRate: architecture == .vanilla ? 1e-3 : 1.5e-5)
  }

  func samples(_ count: Int) -> Tensor {
    let values = count * shape.reduce(1, *)
    return Tensor(RandomStream(seed: 7, purpose: .start).uniform(values), [count] + shape)
  }

  /// Algorithm 1 with the paper's settings.
  func attack(iterations: Int = 40) throws -> Attack {
    let model = try Architecture(family, sampleShape: shape).makeModel(seed: 1)
    return Attack(
      criterion: KeepsReconstruction(model),
      similarity: try LearnedInformation(views: makeViews(model), configuration: configuration),
      solver: MinMax(iterations: iterations), seed: 1)
  }

  private func makeViews(_ model: any Model) throws -> any SampleViews {
    guard views == .convolution, let own = try model.views(nil, samples: samples(1)) else {
      return RandomProjection(sampleSize: shape.reduce(1, *), seed: 1, device: .cpu)
    }
    return own
  }

  /// Operations that one sample needs in `iterations` of Algorithm 1: a multiplication with its addition counts two.
  func operations(iterations: Int) -> Double {
    let d = Double(shape.reduce(1, *))
    // Model, views and MINE are evaluated at the start too; the model once more for the original's error.
    let evaluations = Double(iterations + 1)
    return evaluations * (2 * modelProducts + 2 * viewProducts(d) + mineOperations) + modelProducts
      + viewProducts(d)
  }

  /// Of the forward pass. Convolutions behind a doubling count as the nine products a weight pair that they need.
  private var modelProducts: Double {
    let d = Double(shape.reduce(1, *)), pixels = d / Double(shape[0]), channels = Double(shape[0])
    guard family.name == ModelFamily.convolutional.name else { return 2 * 2 * d * 128 }
    let first = pixels * 16 * channels * 25, second = pixels / 4 * 8 * 16 * 25,
      third = pixels / 16 * 8 * 8 * 25
    let fourth = pixels / 4 * 16 * 8 * 9, last = pixels * channels * 16 * 9
    return 2 * (first + second + third + fourth + last)
  }

  private func viewProducts(_ d: Double) -> Double {
    views == .projection ? 2 * d * 96 * 128 : 2 * d * 16 * 25
  }

  private var mineOperations: Double {
    let steps = Double(configuration.stepsPerIteration), hidden = Double(configuration.hiddenUnits)
    let (count, size) = views == .projection ? (96.0, 128.0) : (16.0, Double(shape[1] * shape[2]))
    let adam = 12.0  // a weight and step
    switch architecture {
    case .vanilla:
      // Forward and gradient of both branches a step; both forward, and the gradient of y, to evaluate.
      return steps * 2 * hidden * size * (4 * count + adam) + 3 * 2 * count * hidden * size
    case .authors:
      let weights = Double(configuration.stateBytes(viewShape: viewShape)) / 12
      return steps * weights * (4 * count + adam) + 1.5 * 2 * count * weights
    }
  }

  private var viewShape: [Int] { views == .projection ? [128] : Array(shape.dropFirst()) }

  /// Bytes of one sample that must cross the border of the cache in an iteration: its state and views, read and written,
  /// and its share of the projection's matrix, read twice.
  var bytesPerIteration: Double {
    let views = Double(views == .projection ? 96 * 128 : 16 * shape[1] * shape[2]) * 4
    let matrix = self.views == .projection ? views * Double(shape.reduce(1, *)) / Double(Attack.tileSize) : 0
    let state = Double(configuration.stateBytes(viewShape: viewShape))
    // The authors' twelve million weights leave every cache in every step.
    let visits = architecture == .authors ? Double(configuration.stepsPerIteration + 1) : 1
    return 2 * state * visits + 4 * views + 2 * matrix
  }
}
