import Models
import Torch

/// One training of a concrete autoencoder, where its samples are.
struct ConcreteRun {
  let training: ConcreteTraining
  let form: ConcreteTraining.Form
  let data: ConcreteData
  /// The features that can be chosen.
  let varying: [Int]
  let count: Int
  let seed: UInt64
  let isCancelled: @Sendable () -> Bool

  struct Outcome {
    /// A feature for each row.
    var features: [Int]
    var course: ConcreteTraining.Course
    /// The decoder's parameters by their names in a `FeatureAutoencoder`, for these features in this order.
    var decoder: [NamedTensor]
  }

  func run() throws -> Outcome {
    var random = ParameterInitializer(seed: seed, device: data.samples.device)
    let selector = ConcreteSelector(form, rows: count, features: varying.count, &random)
    let model = try FeatureAutoencoder(
      Architecture(.features, sampleShape: [data.samples.shape[1]], code: count), &random)
    let decoder = model.decoder.parameters
    // The decoder begins at the mean of all samples: else the selector, whose steps are long, would first choose what tells
    // of nothing but that mean.
    model.begin(at: data.targets.mean(0))
    let inputs = data.samples.gathered(varying, 1).contiguous()
    var feed = Feed(data, batchSize: training.batchSize, seed: seed)
    var moves = (
      selector: Adam(learningRate: form == .indirect ? training.decoderRate : training.selectorRate),
      decoder: Adam(learningRate: training.decoderRate)
    )
    let decay = LearningRateSchedule.cosine(steps: training.steps)

    var step = 0
    while step < training.softSteps {
      if step % ConcreteTraining.looks == 0 {
        if isCancelled() { throw CancellationError() }
        if selector.isDecided { break }
      }
      let places = feed.next(step)
      let (x, target) = (inputs.gathered(places), data.targets.gathered(places))
      let noise = RandomStream(seed: seed, purpose: .selector, index: step)
      let temperature = training.temperature(step, of: form)
      let loss = withGrad {
        let mixture = selector.mixture(temperature: temperature, noise)
        return mseLoss(model.decoder(matmul(x, mixture.transposed())), target)
      }
      let tensors = selector.parameters + decoder.map(\.tensor)
      let gradients = zip(tensors, try grad(loss, tensors)).map { tensor, gradient in
        gradient ?? Tensor.zeros(tensor.shape, device: tensor.device)
      }
      moves.decoder.learningRate = training.decoderRate * decay.factor(step)
      let own = selector.parameters.count
      moves.selector.step(selector.parameters, Array(gradients.prefix(own)))
      moves.decoder.step(decoder.map(\.tensor), Array(gradients.dropFirst(own)))
      step += 1
    }
    let (columns, course) = selector.end(after: step)
    let chosen = inputs.gathered(columns, 1).contiguous()
    // From here on the decoder alone moves.
    while step < training.steps {
      if step % ConcreteTraining.looks == 0, isCancelled() { throw CancellationError() }
      let places = feed.next(step)
      let loss = withGrad {
        mseLoss(model.decoder(chosen.gathered(places)), data.targets.gathered(places))
      }
      moves.decoder.learningRate = training.decoderRate * decay.factor(step)
      let gradients = try grad(loss, decoder.map(\.tensor)).compactMap(\.self)
      moves.decoder.step(decoder.map(\.tensor), gradients)
      step += 1
    }
    return Outcome(features: columns.map { varying[$0] }, course: course, decoder: decoder)
  }

  /// The order of the samples, epoch after epoch.
  private struct Feed {
    let data: ConcreteData
    let batchSize: Int
    let seed: UInt64
    private var orders: [Int: [Int]] = [:]

    init(_ data: ConcreteData, batchSize: Int, seed: UInt64) {
      self.data = data
      self.batchSize = batchSize
      self.seed = seed
    }

    mutating func next(_ step: Int) -> [Int] {
      let count = data.samples.shape[0]
      let epochs = step * batchSize / count...((step + 1) * batchSize - 1) / count
      orders = orders.filter { epochs.contains($0.key) }
      for epoch in epochs where orders[epoch] == nil {
        orders[epoch] = RandomStream(seed: seed, purpose: .dataOrder, index: epoch).permutation(count)
      }
      let known = orders
      return data.places(step: step, batchSize: batchSize) { known[$0] ?? [] }
    }
  }
}
