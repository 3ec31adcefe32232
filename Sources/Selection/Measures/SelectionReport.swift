import Evaluation
import Models
import Torch

/// What a selection is worth, on samples that it was not made of.
public struct SelectionReport: Codable, Sendable, Equatable {
  /// The mean squared error per value of the best linear reconstruction: fitted on the training samples, of the test samples.
  public var linearError: Double
  /// That of a decoder k → 200 → d, where there is one.
  public var decoderError: Double?
  /// The share of the chosen features that have a close substitute among the others, |r| ≥ 0.9: another choice would be as good.
  public var substitutes: Double?
  /// The share of test samples that each of several forests of ``ExtraTrees`` gives their class.
  public var forestAccuracies: [Double] = []
  /// The same of the ``LinearProbe``.
  public var probeAccuracy: Double?

  /// Forests that are grown, each from a seed of its own.
  public static let forests = 5

  /// The mean share of right classes over the forests; nil where there are no classes.
  public var forestAccuracy: Double? { forestAccuracies.isEmpty ? nil : mean(forestAccuracies) }

  /// - Parameters:
  ///   - decoder: judged where given.
  ///   - labels: classes from 0 of both parts, where there are any.
  /// - Throws: what the decoder throws; `CancellationError`.
  public init(
    _ selection: FeatureSelection, train: Tensor, test: Tensor, moments: FeatureMoments,
    decoder: FeatureAutoencoder? = nil, labels: (train: [Int], test: [Int])? = nil,
    forests: Int = forests, seed: UInt64 = 1, threads: Int,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws {
    linearError = LinearReconstruction(moments, features: selection.indices).error(test)
    substitutes = moments.substitutedShare(selection)
    decoderError = try decoder.map { mean(try reconstructionErrors($0, test)) }
    guard let labels, let classes = (labels.train + labels.test).max().map({ $0 + 1 }), classes > 1 else {
      return
    }
    let (x, y) = (selection.transform(train), selection.transform(test))
    func accuracy(_ predicted: [Int]) -> Double {
      Double(zip(predicted, labels.test).count { $0 == $1 }) / Double(max(1, labels.test.count))
    }
    for forest in 0..<forests {
      let trees = try ExtraTrees(
        x, labels: labels.train, classes: classes, seed: seed &+ UInt64(forest), threads: threads,
        isCancelled: isCancelled)
      forestAccuracies.append(accuracy(trees.predict(y, threads: threads)))
    }
    probeAccuracy = accuracy(LinearProbe(x, labels: labels.train, classes: classes).predict(y))
  }
}
