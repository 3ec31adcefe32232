import Evaluation
import Formats
import Foundation
import Models
import Testing
import Torch

@Suite struct ClassifierTests {
  private func make(_ shape: [Int], classes: Int = 10, seed: UInt64 = 1) throws -> any TrainableModel {
    try Architecture(.classifier, sampleShape: shape, classes: classes).makeModel(seed: seed)
  }

  /// Samples of so many classes, each around a centre of its own.
  private func clouds(_ shape: [Int], count: Int, classes: Int) -> TrainingData {
    let size = shape.reduce(1, *)
    let centres = RandomStream(seed: 8, purpose: .augmentation).uniform(classes * size)
    let labels = (0..<count).map { $0 % classes }
    let noise = RandomStream(seed: 9, purpose: .augmentation).uniform(count * size)
    let values = noise.indices.map { i in
      0.7 * centres[labels[i / size] * size + i % size] + 0.3 * noise[i]
    }
    return TrainingData(Tensor(values, [count] + shape), labels: labels)
  }

  /// Parameters counted by hand from the paper's table: MNIST 320 + 9,248 + 18,496 + 36,928 in the convolutions, 205,000 +
  /// 40,200 + 2,010 in the dense layers; CIFAR-10 in the same way.
  @Test func theNetworksAreCarliniAndWagners() throws {
    let mnist = try make([1, 28, 28])
    #expect(
      mnist.parameters.filter { $0.name.hasSuffix("weight") }.map(\.tensor.shape) == [
        [32, 1, 3, 3], [32, 32, 3, 3], [64, 32, 3, 3], [64, 64, 3, 3], [200, 1024], [200, 200], [10, 200],
      ])
    #expect(mnist.parameterCount == 312_202)
    #expect(mnist.parameters.first?.name == "features.0.weight")
    #expect(mnist.parameters.last?.name == "logits.bias")
    let cifar = try make([3, 32, 32])
    #expect(
      cifar.parameters.filter { $0.name.hasSuffix("weight") }.map(\.tensor.shape) == [
        [64, 3, 3, 3], [64, 64, 3, 3], [128, 64, 3, 3], [128, 128, 3, 3], [256, 3200], [256, 256], [10, 256],
      ])
    let objective = try #require(mnist.objectives.first)
    #expect(objective.optimizer == .sgd(learningRate: 0.01, momentum: 0.9, nesterov: true))
    #expect(objective.schedule == .inverseTime(decay: 1e-6))
  }

  static let shapes = [[1, 28, 28], [3, 32, 32], [1, 8, 8], [2, 1, 1], [1, 17, 40], [30], [4, 5]]

  @Test(arguments: shapes)
  func anyShapeHasLogitsAndAnEmbedding(_ shape: [Int]) throws {
    let model = try make(shape, classes: 7)
    let x = clouds(shape, count: 3, classes: 3).samples
    #expect(try model.output(.logits, of: x).shape == [3, 7])
    #expect(try model.output(.embedding, of: x).shape == [3, model.architecture.code])
    #expect(throws: ModelError.self) { try model.output(.reconstruction, of: x) }
  }

  /// With dropout (both), and with batch norm (the image).
  @Test(arguments: [[1, 8, 8], [30]])
  func trainingLearnsAndResumesToTheBit(_ shape: [Int]) throws {
    let data = clouds(shape, count: 64, classes: 4)
    func trainer(_ model: any TrainableModel) -> Trainer {
      Trainer(model, schedule: .cosine(steps: 60), seed: 3)
    }
    func epochs(_ numbers: Range<Int>, _ trainer: inout Trainer) throws {
      for epoch in numbers { _ = try trainer.epoch(epoch, data, batchSize: 7) }
    }
    var whole = trainer(try make(shape, classes: 4))
    let before = mean(try sampleErrors(whole.model, data))
    try epochs(0..<3, &whole)
    let saved = try Checkpoint(whole.model, training: whole.state, epoch: 3).encoded()
    try epochs(3..<6, &whole)
    let read = try Checkpoint(decoding: saved, path: "memory")
    #expect(read.model.architecture.classes == 4)
    var resumed = trainer(read.model)
    resumed.state = read.training
    try epochs(3..<6, &resumed)
    #expect(whole.model.tensors.map(\.tensor.floats) == resumed.model.tensors.map(\.tensor.floats))
    #expect(before > 0.4)
    #expect(mean(try sampleErrors(whole.model, data)) < 0.05)
    #expect(whole.model.tensors.allSatisfy { $0.tensor.floats.allSatisfy(\.isFinite) })
    // What was trained with dropout and batch statistics is asked without either.
    let inspection = ModelInspection(data.samples) { try whole.model.output(.logits, of: $0) }
    #expect(inspection.obstacle == nil)
  }

  @Test(arguments: [[1, 28, 28], [1, 8, 8], [30]])
  func theCheckpointAndTheScriptAreTheModel(_ shape: [Int]) throws {
    let model = try make(shape, classes: 5)
    let data = clouds(shape, count: 10, classes: 5)
    var trainer = Trainer(model, seed: 3)
    _ = try trainer.epoch(0, data, batchSize: 5)
    let read = try Checkpoint(decoding: Checkpoint(model).encoded(), path: "memory").model
    #expect(try read.digest() == model.digest())
    let script = try model.makeScript()
    try withoutGrad {
      let logits = try model.output(.logits, of: data.samples).floats
      #expect(try read.output(.logits, of: data.samples).floats == logits)
      let pairs = [
        (logits, try script(data.samples)),
        (
          try model.output(.embedding, of: data.samples).floats,
          try script(data.samples, method: "embedding")
        ),
      ]
      for (ours, exported) in pairs {
        #expect(zip(ours, exported.floats).allSatisfy { abs($0 - $1) < 1e-5 * (1 + abs($0)) })
      }
    }
  }

  /// The statistics that batch norm has learnt are part of what decides the outputs.
  @Test func theDigestCoversRunningStatistics() throws {
    let model = try make([1, 8, 8])
    let before = try model.digest()
    let buffer = try #require(model.buffers.first)
    withoutGrad { buffer.tensor.assign(buffer.tensor + 1) }
    #expect(try model.digest() != before)
  }

  /// Each of the three classes twice: the mean of the logits at the labels is 0.
  @Test func theLossIsTheCrossEntropyOfTheLabels() throws {
    let model = try make([30], classes: 3)
    let data = clouds([30], count: 6, classes: 3)
    // With all else 0 the logits are the last bias, whatever dropout leaves out.
    withoutGrad { for parameter in model.parameters { parameter.tensor.assign(parameter.tensor * 0) } }
    let bias = try #require(model.parameters.last).tensor
    withoutGrad { bias.assign(Tensor([Float(1), 0, -1], [3])) }
    let loss = try model.objectives[0].loss(
      data.batch(Array(0..<6)), RandomStream(seed: 1, purpose: .training)
    ).item
    let total = log(exp(1.0) + 1 + exp(-1.0))
    #expect(abs(loss - total) < 1e-6)
  }

  @Test func unlabelledDataAndForeignClassesAreRefused() throws {
    for classes in [0, 1] {
      let error = #expect(throws: ModelError.self) { try make([30], classes: classes) }
      #expect(error == .unlabelled("classifier"))
      #expect(error?.description.contains("labels") == true)
    }
    var trainer = Trainer(try make([30], classes: 3), seed: 1)
    var data = clouds([30], count: 6, classes: 3)
    data.labels = nil
    #expect(throws: ModelError.unlabelled("classifier")) { try trainer.epoch(0, data, batchSize: 3) }
    let foreign = clouds([30], count: 8, classes: 4)
    let error = #expect(throws: ModelError.self) { try trainer.epoch(0, foreign, batchSize: 8) }
    #expect(error?.description.contains("class 3") == true)
  }

  @Test func theFirstConvolutionGivesViews() throws {
    let x = clouds([1, 28, 28], count: 2, classes: 2).samples
    let views = try #require(try make([1, 28, 28]).views(nil, samples: x))
    #expect(views.count == 32 && views.viewShape == [26, 26])
    let none = try make([30]).views(nil, samples: x)
    #expect(none == nil)
  }
}
