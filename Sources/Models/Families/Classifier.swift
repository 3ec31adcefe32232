import Torch

/// Tells classes apart: logits `[batch, classes]`, and the last hidden layer as an embedding `[batch, code]`.
///
/// - MNIST's shape [1, 28, 28] and CIFAR-10's [3, 32, 32]: the networks of Carlini and Wagner (2017), twice two
///   convolutions (3×3, without padding; 32 and 64 channels, for CIFAR-10 64 and 128) and a maximum, then two dense layers
///   of 200 (256), dropout between them. Their inputs lie in ±½, here as in the paper's code in [0, 1].
/// - Other images: a small residual network for any size.
/// - All else: two dense layers, dropout between them.
///
/// Cross-entropy; their stochastic gradient descent with rate 0.01, decay 1e-6 and Nesterov's momentum 0.9.
public struct Classifier: TrainableModel {
  /// The family, and the sizes.
  public let architecture: Architecture
  private let features: Sequential
  private let head: Sequential

  /// The share of the first dense layer's values that training leaves out.
  public static let dropout = 0.5

  /// A fresh model.
  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) {
    self.architecture = architecture
    let (shape, code) = (architecture.sampleShape, architecture.code)
    let layers: [any Layer] =
      switch shape {
      case [1, 28, 28]: Self.carliniWagner(shape, 32, code, &random)
      case [3, 32, 32]: Self.carliniWagner(shape, 64, code, &random)
      case _ where shape.count == 3: Self.residual(shape, code, &random)
      default: [Flatten()] + Self.dense(architecture.sampleSize, code, &random)
      }
    features = Sequential("features", layers)
    head = Sequential("logits", [Linear(code, architecture.classes ?? 0, &random)])
  }

  private static func dense(
    _ inputs: Int, _ code: Int, _ random: inout ParameterInitializer
  ) -> [any Layer] {
    [
      Linear(inputs, code, &random), Activation.relu, Dropout(dropout),
      Linear(code, code, &random), Activation.relu,
    ]
  }

  private static func carliniWagner(
    _ shape: [Int], _ channels: Int, _ code: Int, _ random: inout ParameterInitializer
  ) -> [any Layer] {
    func convolution(_ inputs: Int, _ outputs: Int) -> Conv2d {
      Conv2d(inputs, outputs, kernel: 3, padding: 0, &random)
    }
    let side = ((shape[1] - 4) / 2 - 4) / 2
    return [
      convolution(shape[0], channels), Activation.relu,
      // The ReLU of the largest is the largest of the ReLUs, at a quarter of the work.
      convolution(channels, channels), Pooling.max(2), Activation.relu,
      convolution(channels, 2 * channels), Activation.relu,
      convolution(2 * channels, 2 * channels), Pooling.max(2), Activation.relu, Flatten(),
    ] + dense(2 * channels * side * side, code, &random)
  }

  private static func residual(
    _ shape: [Int], _ code: Int, _ random: inout ParameterInitializer
  ) -> [any Layer] {
    let first: [any Layer] = [Conv2d(shape[0], 32, kernel: 3, &random), Activation.relu]
    let smaller: [any Layer] = min(shape[1], shape[2]) < 16 ? [] : [Pooling.max(2)]
    let block: [any Layer] = [
      Conv2d(32, 64, kernel: 3, stride: 2, &random), BatchNorm(64, &random), Activation.relu,
      Residual([
        Conv2d(64, 64, kernel: 3, &random), BatchNorm(64, &random), Activation.relu,
        Conv2d(64, 64, kernel: 3, &random), BatchNorm(64, &random),
      ]), Activation.relu, Pooling.wholeAverage,
    ]
    return first + smaller + block + dense(64, code, &random)
  }

  public var parts: [Sequential] { [features, head] }
  /// The logits, and the features that they are made of.
  public var outputs: Set<Output> { [.logits, .embedding] }

  public func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    switch output {
    case .logits: return head(features(x))
    case .embedding: return features(x)
    default: throw lacks(output)
    }
  }

  public var objectives: [Objective] {
    [
      Objective(
        "cross-entropy", parameters.map(\.tensor),
        .sgd(learningRate: 0.01, momentum: 0.9, nesterov: true), schedule: .inverseTime(decay: 1e-6)
      ) { batch, random in
        let labels = try knownLabels(batch)
        var pass = Pass.training(random)
        return crossEntropy(head(features(batch.samples, &pass), &pass), labels)
      }
    ]
  }

  private func knownLabels(_ batch: Batch) throws -> Tensor {
    guard let labels = batch.labels else { throw ModelError.unlabelled(name) }
    let classes = architecture.classes ?? 0
    if let other = labels.ints.first(where: { !(0..<classes ~= $0) }) {
      throw ModelError.settings("\(name): a sample is of class \(other), the model has \(classes), from 0")
    }
    return labels
  }

  public var methods: [(name: String, layers: [Sequential])] {
    [("forward", parts), ("embedding", [features])]
  }
}

extension ModelFamily {
  /// Classes by convolutions for images, by dense layers for tables.
  public static let classifier = ModelFamily(
    "classifier", "classes by convolutions for images, by dense layers for tables",
    outputs: [.logits, .embedding], needsLabels: true, epochs: 50,
    usualCode: { shape in
      switch shape {
      case [1, 28, 28]: 200
      case [3, 32, 32]: 256
      default: 128
      }
    }
  ) { Classifier($0, &$1) }
}
