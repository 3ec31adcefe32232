import Models
import Torch

/// Rebuilds samples from chosen features by a network k → 200 → d: `inverse_transform` as users of selectors mean it.
public enum FeatureDecoder {
  /// Steps of the training of a decoder for features that are fixed.
  public static let steps = 2500

  /// The decoder that was trained along with the selector, or a fresh one.
  ///
  /// - Parameter samples: `[n] + shape`, to train on, where the model is to be.
  /// - Throws: `ModelError` where the loss is not finite; `CancellationError`.
  public static func model(
    _ selection: FeatureSelection, choice: FeatureSelector.Choice? = nil, samples: Tensor, seed: UInt64,
    steps: Int = steps, isCancelled: () -> Bool = { false }
  ) throws -> FeatureAutoencoder {
    var random = ParameterInitializer(seed: seed, device: samples.device)
    let model = try FeatureAutoencoder(
      Architecture(.features, sampleShape: Array(samples.shape.dropFirst()), code: selection.features.count),
      &random)
    model.choose(selection.indices)
    if let decoder = choice?.decoder, !decoder.isEmpty {
      for (own, trained) in zip(model.decoder.parameters, decoder) {
        withoutGrad { own.tensor.assign(trained.tensor) }
      }
      return model
    }
    model.begin(at: samples.flattened().mean(0))
    try LibTorch.withThreads(1) {
      try train(model, TrainingData(samples), seed: seed, steps: steps, isCancelled: isCancelled)
    }
    return model
  }

  private static func train(
    _ model: FeatureAutoencoder, _ data: TrainingData, seed: UInt64, steps: Int, isCancelled: () -> Bool
  ) throws {
    let batchSize = min(128, data.count)
    var trainer = Trainer(model, schedule: .cosine(steps: steps), seed: seed)
    var epoch = 0
    while trainer.steps < steps {
      let order = RandomStream(seed: seed, purpose: .dataOrder, index: epoch).permutation(data.count)
      var loss = 0.0
      for start in stride(from: 0, to: data.count, by: batchSize) where trainer.steps < steps {
        if isCancelled() { throw CancellationError() }
        loss = try trainer.step(data.batch(Array(order[start..<min(data.count, start + batchSize)])))
      }
      guard loss.isFinite else { throw ModelError.diverged(epoch: epoch, loss: loss) }
      epoch += 1
    }
  }
}
