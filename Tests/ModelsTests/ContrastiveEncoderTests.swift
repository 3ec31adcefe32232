import Evaluation
import Foundation
import Models
import Runs
import Testing
import Torch

@Suite struct ContrastiveEncoderTests {
  private func encoder(
    _ family: ModelFamily, _ shape: [Int], code: Int? = nil, seed: UInt64 = 1
  ) throws -> ContrastiveEncoder {
    try #require(
      try Architecture(family, sampleShape: shape, code: code).makeModel(seed: seed) as? ContrastiveEncoder)
  }

  /// Values by a formula that `Fixtures/make.py` knows too.
  private func filled(_ shape: [Int], _ number: Int, _ scale: Double, _ middle: Double = 0) -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { place in
      let wave = 437.58 * sin(0.37 * Double(place) + 1.3 * Double(number))
      return middle + scale * (2 * (wave - wave.rounded(.down)) - 1)
    }
    return Tensor(values, shape).to(.float32)
  }

  @Test func smallImagesResNetHasItsSize() throws {
    let model = try encoder(.contrastiveResidual, [3, 32, 32])
    #expect(model.encoder.parameterCount == 11_168_832)
    #expect(model.projector.parameterCount == 2 * (512 * 513 + 1024) + 128 * 513 + 256)
    #expect(try encoder(.contrastiveResidual, [3, 32, 32], code: 128).encoder.parameterCount < 720_000)
  }

  /// Norms that have learnt something become part of the layers before them: the same values and slopes, nothing left to train.
  @Test(arguments: [
    (ModelFamily.contrastiveConvolutions, [3, 16, 16]), (.contrastiveConvolutions, [1, 28, 28]),
    (.contrastiveResidual, [3, 12, 12]), (.contrastiveDense, [20]),
  ])
  func frozenEncoderGivesTheSame(_ family: ModelFamily, _ shape: [Int]) throws {
    let model = try encoder(family, shape, code: 16)
    for step in 0..<5 {
      var pass = Pass.training(RandomStream(seed: 1, purpose: .training, index: step))
      _ = withoutGrad { model.projector(model.encoder(filled([8] + shape, step, 0.5, 0.5), &pass), &pass) }
    }
    for (number, norm) in (model.encoder.norms + model.projector.norms).enumerated() {
      withoutGrad {
        for parameter in norm.parameters {
          parameter.tensor.assign(filled(parameter.tensor.shape, number, 0.5, 1))
        }
      }
    }
    let frozen = try #require(model.frozen() as? ContrastiveEncoder)
    #expect(frozen.encoder.norms.isEmpty && frozen.projector.norms.isEmpty)
    func found(_ model: ContrastiveEncoder, _ output: Output) throws -> (value: Tensor, slope: Tensor) {
      let x = filled([4] + shape, 99, 0.5, 0.5).requiringGrad()
      let value = try model.output(output, of: x)
      let slope = try grad((value * filled(value.shape, 100, 1)).sum(), [x])[0]
      return (value.detached(), try #require(slope))
    }
    for output in [Output.embedding, .projection] {
      let (value, slope) = try found(model, output), (other, otherSlope) = try found(frozen, output)
      func size(_ x: Tensor) -> Double { x.abs().reshaped([1, -1]).max(1).item }
      #expect(largestDifference(value, other) < 1e-5 * size(value))
      #expect(largestDifference(slope, otherSlope) < 1e-5 * size(slope))
    }
  }

  /// The values are those of torchvision 0.28.0's resnet18 with the same stem and the same weights.
  @Test func resNetComputesAsTorchvisions() throws {
    let model = try encoder(.contrastiveResidual, [3, 16, 16]).encoder
    for (number, parameter) in model.parameters.enumerated() {
      let shape = parameter.tensor.shape
      let fan = Double(shape.dropFirst().reduce(1, *))
      let value =
        shape.count == 4
        ? filled(shape, number, (6 / fan).squareRoot()) : filled(shape, number, 0.1, number % 3 == 1 ? 1 : 0)
      withoutGrad { parameter.tensor.assign(value) }
    }
    #expect(Double(model.parameterCount) == (try ContrastiveFixture.doubles("resnet_count").item))
    let x = filled([4, 3, 16, 16], 99, 0.5, 0.5)
    var pass = Pass.training(RandomStream(seed: 1, purpose: .training))
    let y = model(x, &pass)
    func expectClose(_ ours: Tensor, _ name: String) throws {
      let theirs = try ContrastiveFixture.floats(name)
      let size = theirs.abs().reshaped([1, -1]).max(1).item
      #expect(largestDifference(ours, theirs) < 1e-5 * max(1, size), "\(name)")
    }
    try expectClose(y, "resnet_train")
    let first = try #require(model.parameters.first?.tensor)
    let gradient = try grad((y * filled(y.shape, 100, 1)).sum(), [first])[0]
    let theirs = try ContrastiveFixture.floats("resnet_grad")
    let scale = theirs.abs().reshaped([1, -1]).max(1).item
    #expect(largestDifference(try #require(gradient), theirs) < 1e-4 * scale)
    // The last batch norm but that of no shortcut: the last two buffers.
    let buffers = model.buffers.map(\.tensor)
    try expectClose(buffers[buffers.count - 2], "resnet_mean")
    try expectClose(buffers[buffers.count - 1], "resnet_var")
    try expectClose(model(x), "resnet_eval")
  }

  private static let families: [(ModelFamily, [Int], Int)] = [
    (.contrastiveConvolutions, [3, 16, 16], 32), (.contrastiveConvolutions, [1, 8, 8], 16),
    (.contrastiveResidual, [3, 8, 8], 16), (.contrastiveDense, [20], 16),
  ]

  private func data(_ shape: [Int], count: Int = 24) -> TrainingData {
    let values = RandomStream(seed: 9, purpose: .augmentation).uniform(count * shape.reduce(1, *))
    return TrainingData(Tensor(values, [count] + shape))
  }

  @Test(arguments: families)
  func trainingLowersTheLossAndMovesEverything(_ family: ModelFamily, _ shape: [Int], _ code: Int) throws {
    let model = try encoder(family, shape, code: code)
    let before = model.tensors.map { $0.tensor.cloned() }
    let data = data(shape)
    var trainer = Trainer(model, optimizer: .adam(learningRate: 3e-3), seed: 4)
    let losses = try (0..<24).map { try trainer.epoch($0, data, batchSize: 12) }
    let last = losses.suffix(8).reduce(0, +) / 8
    #expect(last < losses[0] && losses[0] < log(23) + 0.5, "\(losses)")
    #expect(zip(model.tensors, before).allSatisfy { largestDifference($0.tensor, $1) > 0 })
    let x = data.samples
    let (embedding, projection) = (try model.output(.embedding, of: x), try model.output(.projection, of: x))
    #expect(embedding.shape == [24, code] && projection.shape.count == 2)
    // One sample alone has the embedding that it has in a batch: nothing of the batch is in it.
    let alone = try model.output(.embedding, of: x[3..<4])
    let size = max(1, embedding.abs().reshaped([1, -1]).max(1).item)
    #expect(largestDifference(alone, embedding[3..<4]) < 1e-4 * size)
  }

  @Test(arguments: families)
  func exportsComputeTheSame(_ family: ModelFamily, _ shape: [Int], _ code: Int) throws {
    let model = try encoder(family, shape, code: code)
    var trainer = Trainer(model, optimizer: .adam(learningRate: 1e-3), seed: 4)
    _ = try trainer.epoch(0, data(shape), batchSize: 12)
    let script = try model.makeScript()
    let x = data(shape).samples
    let forward = try withoutGrad { try script(x) }
    #expect(largestDifference(forward, try model.output(.embedding, of: x)) < 1e-5)
    let project = try withoutGrad { try script(x, method: "project") }
    #expect(largestDifference(project, try model.output(.projection, of: x)) < 1e-5)
  }

  /// Stopped after two of four epochs and gone on with from the file, a training ends at the same bits.
  @Test(arguments: [families[0], families[2]])
  func resumedTrainingIsTheSameToTheBit(_ family: ModelFamily, _ shape: [Int], _ code: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "contrastive-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let architecture = Architecture(family, sampleShape: shape, code: code)
    func training(_ name: String) -> ModelTraining {
      var training = ModelTraining(
        "t", architecture: architecture, settings: TrainingSettings(epochs: 4, batchSize: 10), seed: 3,
        path: folder.appending(path: name).path)
      training.warmUp = 1
      return training
    }
    let data = data(shape)
    let whole = try training("whole").run(epochs: 4, samples: data.count, progress: .quiet) { _, _ in data }
    final class Count: @unchecked Sendable { var epochs = 0 }
    let count = Count()
    let stopping = RunProgress(style: .quiet, isCancelled: { count.epochs >= 2 })
    #expect(throws: CancellationError.self) {
      try training("cut").run(epochs: 4, samples: data.count, progress: stopping) { _, _ in
        count.epochs += 1
        return data
      }
    }
    let resumed = try training("cut").run(epochs: 4, samples: data.count, progress: .quiet) { _, _ in data }
    #expect(try resumed.digest() == whole.digest())
  }

  /// The two views of a sample are not the same, and depend on the step.
  @Test func viewsOfASampleDiffer() throws {
    let model = try encoder(.contrastiveConvolutions, [3, 16, 16], code: 32)
    let objective = model.objectives[0]
    let batch = data([3, 16, 16], count: 8).batch(Array(0..<8))
    let losses = try (0..<3).map { step in
      try withoutGrad {
        try objective.loss(batch, RandomStream(seed: 1, purpose: .training, index: step)).item
      }
    }
    #expect(Set(losses).count == 3)
    // Views without any difference leave nothing to learn but to tell the samples apart: each finds itself at cosine 1.
    var blind = model
    blind.settings.views = .rows(noise: 0, dropped: 0)
    let dull = try withoutGrad {
      try blind.objectives[0].loss(batch, RandomStream(seed: 1, purpose: .training, index: 0)).item
    }
    #expect(dull < (losses.min() ?? 0))
    // Batch norm with statistics of each view apart is another function.
    var apart = model
    apart.settings.joinsViews = false
    let other = try withoutGrad {
      try apart.objectives[0].loss(batch, RandomStream(seed: 1, purpose: .training, index: 0)).item
    }
    #expect(other != losses[0])
  }

  private func loss(_ model: ContrastiveEncoder, _ batch: Batch) throws -> Double {
    try withoutGrad {
      try model.objectives[0].loss(batch, RandomStream(seed: 1, purpose: .training)).item
    }
  }

  /// An example stands in one view of its sample and is no negative of it: where it is far from the sample the loss rises, and
  /// where it is the sample nothing changes.
  @Test func changedSamplesAreViewsOfWhatTheyWere() throws {
    let model = try encoder(.contrastiveConvolutions, [3, 16, 16], code: 32)
    let data = data([3, 16, 16])
    let plain = data.batch(Array(0..<8))
    let same = TrainingData(data.samples, targets: data.samples).batch(Array(0..<8))
    #expect(try loss(model, plain) == loss(model, same))
    let other = TrainingData(data.samples.gathered((0..<24).map { 23 - $0 }), targets: data.samples)
    #expect(largestDifference(other.batch([3]).targets, data.samples[3..<4]) == 0)
    #expect(largestDifference(other.batch([3]).samples, data.samples[20..<21]) == 0)
    #expect(try loss(model, other.batch(Array(0..<8))) != loss(model, plain))
    let both = data.appending(other)
    #expect(largestDifference(both.batch([27]).targets, data.samples[3..<4]) == 0)
  }

  /// Of equal signs and no ε both are the first view itself; with ε the gradient's signs raise the term more than random ones.
  @Test func thirdViewAlongTheGradientIsHarderThanAtRandom() throws {
    var model = try encoder(.contrastiveConvolutions, [3, 16, 16], code: 32)
    let batch = data([3, 16, 16]).batch(Array(0..<16))
    func third(_ kind: ThirdView.Kind, _ epsilon: Double) throws -> Double {
      model.settings.third = ThirdView(kind, epsilon: epsilon)
      return try loss(model, batch)
    }
    #expect(abs(try third(.adversarial, 0) - third(.randomSigns, 0)) < 1e-5)
    #expect(try third(.adversarial, 0.03) > third(.randomSigns, 0.03))
    model.settings.third = nil
    let pair = try loss(model, batch)
    model.settings.third = ThirdView(.view, weight: 0)
    #expect(abs(try loss(model, batch) - pair) < 1e-6)
    model.settings.third = ThirdView(.view)
    #expect(try loss(model, batch) > pair)
  }

  @Test func whatCannotBeTrainedIsRefused() throws {
    #expect(
      throws: ModelError.unsuitable(
        "simclr-convnet", [3, 6, 6], "images of fewer than 8 pixels a side are too small to crop")
    ) { try encoder(.contrastiveConvolutions, [3, 6, 6]) }
    #expect(throws: ModelError.settings("the code of simclr-resnet18 is 100; it must be a multiple of 8")) {
      try encoder(.contrastiveResidual, [3, 8, 8], code: 100)
    }
    let model = try encoder(.contrastiveDense, [4], code: 8)
    var trainer = Trainer(model, seed: 1)
    #expect(throws: ModelError.self) { try trainer.step(data([4], count: 1).batch([0])) }
  }
}
