import Evaluation
import Formats
import Foundation
import Models
import MutualInformation
import Testing
import Torch

/// Embeddings of three classes, and what lightly 1.6.0 and scikit-learn 1.9.1 make of them (`Fixtures/make.py`).
@Suite struct EmbeddingTests {
  private let file: NPZFile

  init() throws {
    file = try NPZFile(
      mapping: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/embeddings.npz")
        .path)
  }

  private func floats(_ name: String) throws -> Tensor {
    let array = try file.array(name)
    return Tensor(array.floats(), array.shape)
  }

  private func integers(_ name: String) throws -> [Int] { try #require(try file.array(name).integers()) }

  @Test(arguments: [(10, 0.1), (200, 0.1), (200, 0.07)])
  func voteIsLightlys(_ neighbours: Int, _ temperature: Double) throws {
    let vote = try NeighbourVote(floats("bank"), labels: integers("y"), classes: 3)
    let predicted = try vote.predict(floats("test"), neighbours: neighbours, temperature: temperature)
    #expect(predicted == (try integers("knn_\(neighbours)_\(temperature)")))
  }

  @Test func logisticProbeIsScikitLearns() throws {
    let probe = try LogisticProbe(floats("bank"), labels: integers("y"), classes: 3)
    #expect(probe.predict(try floats("test")) == (try integers("logistic")))
    let array = try file.array("logits")
    let theirs = Tensor(array.doubles(), array.shape), ours = probe.logits(try floats("test").to(.float64))
    // Softmax does not see what all logits have in common.
    let difference =
      (ours - ours.mean(1, keepDimensions: true)) - (theirs - theirs.mean(1, keepDimensions: true))
    #expect(difference.abs().reshaped([1, -1]).max(1).item < 1e-3)
  }

  @Test func whatCannotBeJudgedIsRefused() throws {
    let bank = try floats("bank"), y = try integers("y")
    #expect(
      throws: MeasureError(
        "all samples are of one class: there is nothing for a judge of embeddings to tell apart")
    ) {
      try NeighbourVote(bank, labels: y.map { _ in 1 }, classes: 3)
    }
    #expect(throws: MeasureError.self) { try LogisticProbe(bank, labels: y, classes: 2) }
    #expect(throws: MeasureError.self) { try NeighbourVote(bank, labels: [0, 1], classes: 2) }
  }

  /// A head fitted by gradient descent tells about as many classes as the logistic regression, and leaves the encoder alone.
  @Test func trainedHeadTellsClassesOfAFrozenEncoder() throws {
    let train = TrainingData(try floats("bank"), labels: try integers("y"))
    let test = try floats("test"), truth = try integers("truth")
    let model = try Architecture(.contrastiveDense, sampleShape: [12], code: 16).makeModel(seed: 1)
    let before = try model.digest()
    var settings = TrainedHead.Settings()
    settings.epochs = 20
    settings.batchSize = 64
    let head = try TrainedHead(model, train, settings: settings)
    #expect(try model.digest() == before)
    func share(_ predicted: [Int]) -> Double {
      Double(zip(predicted, truth).count { $0 == $1 }) / Double(truth.count)
    }
    let seen = try model.output(.embedding, of: test)
    let probe = try LogisticProbe(
      embeddings(model, train.samples), labels: try integers("y"), classes: 3)
    #expect(share(head.predict(seen)) > 0.5 && share(head.predict(seen)) > share(probe.predict(seen)) - 0.05)
    #expect(throws: CancellationError.self) {
      try TrainedHead(model, train, settings: settings, isCancelled: { true })
    }
    #expect(throws: MeasureError.self) { try TrainedHead(model, TrainingData(train.samples)) }
    #expect(throws: MeasureError.self) {
      try TrainedHead(model, TrainingData(train.samples, labels: truth.map { _ in 1 }))
    }
  }

  /// Closed forms: of the same views alignment is 0, of opposite ones 4; of two opposite vectors uniformity is −8, of equal ones 0.
  @Test func alignmentAndUniformityHaveTheirClosedForms() {
    let a = Tensor([1, 0, 0, 2] as [Float], [2, 2])
    #expect(EmbeddingQuality.alignment(a, a * 3) == 0)
    #expect(abs(EmbeddingQuality.alignment(a, -a) - 4) < 1e-12)
    #expect(abs(EmbeddingQuality.uniformity(Tensor([1, 0, -3, 0] as [Float], [2, 2])) + 8) < 1e-12)
    #expect(abs(EmbeddingQuality.uniformity(Tensor([1, 1, 2, 2] as [Float], [2, 2]))) < 1e-12)
    // Three directions at right angles: every squared distance is 2.
    let axes = Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1] as [Float], [3, 3])
    #expect(abs(EmbeddingQuality.uniformity(axes) + 4) < 1e-12)
  }

  private struct Restless: Model {
    let weight: Tensor
    var name: String { "restless" }
    var sampleShape: [Int] { [12] }
    var outputs: Set<Output> { [.embedding] }
    var device: Device { .cpu }
    func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
      weight.addInPlace(Tensor(0.001))
      return x * weight
    }
    func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? { nil }
    func digest() throws -> String { "\(weight.item)" }
  }

  /// A judge that trains the encoder, or lets it learn running statistics, would be caught.
  @Test func encoderThatChangesUnderTheJudgeIsRefused() throws {
    let train = TrainingData(try floats("bank"), labels: try integers("y"))
    let test = TrainingData(try floats("test"), labels: try integers("truth"))
    #expect(
      throws: MeasureError("restless changed as its embeddings were judged: it is not frozen")
    ) {
      try EmbeddingJudge(Restless(weight: Tensor(1)), train)
        .quality(of: test, views: .rows(noise: 0.1, dropped: 0.1))
    }
  }

  @Test func encodersAreJudgedByTheirEmbeddingsAlone() throws {
    let train = TrainingData(try floats("bank"), labels: try integers("y"))
    let test = TrainingData(try floats("test"), labels: try integers("truth"))
    let model = try Architecture(.contrastiveDense, sampleShape: [12], code: 16).makeModel(seed: 1)
    let before = try model.digest()
    let quality = try EmbeddingJudge(model, train).quality(of: test, views: .usual([12]))
    #expect(try model.digest() == before)
    let vote = try NeighbourVote(
      model.output(.embedding, of: train.samples), labels: integers("y"), classes: 3)
    let predicted = try vote.predict(model.output(.embedding, of: test.samples), neighbours: 10)
    let right = zip(predicted, try integers("truth")).count { $0 == $1 }
    #expect(quality.knn10 == Double(right) / 1000)
    #expect(quality.knn10 > 0.5 && quality.linear > 0.5)
    #expect(throws: MeasureError.self) {
      try EmbeddingJudge(model, TrainingData(train.samples))
    }
  }
}
