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
  /// One or two are used.
  let threads: Int
  let isCancelled: @Sendable () -> Bool

  struct Outcome {
    /// A feature for each row.
    var features: [Int]
    var course: ConcreteTraining.Course
    /// The decoder's parameters by their names in a `FeatureAutoencoder`, for these features in this order.
    var decoder: [NamedTensor]
  }

  func run() throws -> Outcome {
    try LibTorch.withThreads(1) { try Partner.with(threads: threads, run) }
  }

  private func run(with partner: Partner) throws -> Outcome {
    var random = ParameterInitializer(seed: seed, device: data.samples.device)
    let selector = ConcreteSelector(form, rows: count, features: varying.count, &random)
    let model = try FeatureAutoencoder(
      Architecture(.features, sampleShape: [data.samples.shape[1]], code: count), &random)
    let decoder = model.decoder, parameters = decoder.parameters.map(\.tensor)
    // The decoder begins at the mean of all samples: else the selector, whose steps are long, would first choose what tells
    // of nothing but that mean.
    model.begin(at: data.targets.mean(0))
    let inputs = data.samples.gathered(varying, 1).contiguous(), targets = data.targets
    var feed = Feed(data, batchSize: training.batchSize, seed: seed)
    var moves = (
      selector: Adam(learningRate: form == .indirect ? training.decoderRate : training.selectorRate),
      decoder: Adam(learningRate: training.decoderRate)
    )
    let decay = LearningRateSchedule.cosine(steps: training.steps)
    let noise = { @Sendable [seed] step in
      selector.gumbel(RandomStream(seed: seed, purpose: .selector, index: step))
    }

    var step = 0
    var drawn = noise(0)
    while step < training.softSteps {
      if step % ConcreteTraining.looks == 0 {
        if isCancelled() { throw CancellationError() }
        if selector.isDecided { break }
      }
      let mixture = withGrad { selector.mixture(temperature: training.temperature(step, of: form), drawn) }
      let leaf = mixture.detached().requiringGrad()
      let slopes = try Slopes(of: parameters + [leaf], feed.next(step), partner) { places in
        mseLoss(decoder(matmul(inputs.gathered(places), leaf.transposed())), targets.gathered(places))
      }
      moves.decoder.learningRate = training.decoderRate * decay.factor(step)
      let (before, next) = (moves.decoder, step + 1)
      // The decoder's step and the next noise have nothing to do with the selector's step.
      (_, (moves.decoder, drawn)) = try partner.both {
        let onSelector = try gradOrZeros(
          mixture, selector.parameters, outputGradient: slopes.sum(parameters.count))
        moves.selector.step(selector.parameters, onSelector)
      } _: {
        var move = before
        move.step(parameters, slopes.sums(parameters.count))
        return (move, noise(next))
      }
      step += 1
    }
    let (columns, course) = selector.end(after: step)
    let chosen = inputs.gathered(columns, 1).contiguous()
    // From here on the decoder alone moves.
    while step < training.steps {
      if step % ConcreteTraining.looks == 0, isCancelled() { throw CancellationError() }
      let slopes = try Slopes(of: parameters, feed.next(step), partner) { places in
        mseLoss(decoder(chosen.gathered(places)), targets.gathered(places))
      }
      moves.decoder.learningRate = training.decoderRate * decay.factor(step)
      moves.decoder.step(parameters, slopes.sums(parameters.count))
      step += 1
    }
    return Outcome(
      features: columns.map { varying[$0] }, course: course, decoder: model.decoder.parameters)
  }

  /// The gradient of a batch's mean loss. On the host each half of the batch has its own, whose sum is the same on one thread
  /// and on two.
  private struct Slopes {
    private let parts: [[Tensor]]

    /// - Parameter loss: the mean over the samples at some places.
    init(
      of tensors: [Tensor], _ places: [Int], _ partner: Partner,
      _ loss: @escaping @Sendable ([Int]) -> Tensor
    ) throws {
      let part = { @Sendable (range: Range<Int>) in
        let value = withGrad { loss(Array(places[range])) }
        let share = Tensor.full(
          [], Double(range.count) / Double(places.count), device: value.device)
        return try gradOrZeros(value, tensors, outputGradient: share)
      }
      let middle = places.count / 2
      if tensors[0].device == .cpu, middle > 0 {
        let (first, second) = try partner.both({ try part(0..<middle) }) { try part(middle..<places.count) }
        parts = [first, second]
      } else {
        parts = [try part(0..<places.count)]
      }
    }

    /// That by one of the tensors.
    func sum(_ index: Int) -> Tensor {
      parts.count == 1 ? parts[0][index] : parts[0][index] + parts[1][index]
    }

    /// Those by the first tensors.
    func sums(_ count: Int) -> [Tensor] { (0..<count).map(sum) }
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
