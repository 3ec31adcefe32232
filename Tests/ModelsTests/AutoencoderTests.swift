import Evaluation
import Foundation
import Models
import Testing
import Torch

@Suite struct AutoencoderTests {
  static let families = ModelFamilies.all.filter { $0.outputs.contains(.reconstruction) }

  /// Counts by hand from the authors' definitions, for MNIST (1×28×28) and SVHN (3×32×32):
  /// dense 2·d·128 + 128 + d; convolutional Σ out·(in·25 + 1); adversarial three stacks of dense layers.
  @Test(arguments: [
    (ModelFamily.dense, [1, 28, 28], 201_616), (.dense, [3, 32, 32], 789_632),
    (.sparse, [1, 28, 28], 201_616), (.sparse, [3, 32, 32], 1_576_192),
    (.convolutional, [1, 28, 28], 8_849), (.convolutional, [3, 32, 32], 10_451),
    (.adversarial, [1, 28, 28], 4_581_787), (.adversarial, [3, 32, 32], 9_160_075),
  ])
  func theParameterCountIsTheAuthors(_ kind: ModelFamily, _ shape: [Int], _ count: Int) throws {
    #expect(try Architecture(kind, sampleShape: shape).makeModel(seed: 1).parameterCount == count)
  }

  @Test(arguments: families, [[1, 8, 8], [1, 28, 28], [3, 32, 32]])
  func outputsHaveTheShapeOfInputsAndLieInTheUnitRange(_ kind: ModelFamily, _ shape: [Int]) throws {
    let model = try Architecture(kind, sampleShape: shape).makeModel(seed: 3)
    let x = Tensor(RandomStream(seed: 1, purpose: .augmentation).uniform(2 * shape.reduce(1, *)), [2] + shape)
    let y = try withoutGrad { try model.output(.reconstruction, of: x) }
    #expect(y.shape == [2] + shape)
    #expect(y.floats.allSatisfy { 0 < $0 && $0 < 1 })
  }

  @Test(arguments: families)
  func trainingLowersTheErrorAndResumesExactly(_ kind: ModelFamily) throws {
    let data = Tensor(
      RandomStream(seed: 2, purpose: .augmentation).uniform(64).flatMap { [Float](repeating: $0, count: 64) },
      [64, 1, 8, 8])
    func train(stopAfter: Int?) throws -> (errors: [Double], parameters: [[Float]]) {
      var model = try Architecture(kind, sampleShape: [1, 8, 8]).makeModel(seed: 4)
      var trainer = Trainer(model, schedule: .cosine(steps: 200), seed: 9)
      let before = try reconstructionErrors(model, data).reduce(0, +)
      for epoch in 0..<6 {
        if epoch == stopAfter {
          let state = trainer.state.map { NamedTensor($0.name, $0.tensor.cloned()) }
          let saved = model.parameters.map { $0.tensor.floats }
          model = try Architecture(kind, sampleShape: [1, 8, 8]).makeModel(seed: 77)
          for (p, values) in zip(model.parameters, saved) {
            withoutGrad { p.tensor.assign(Tensor(values, p.tensor.shape)) }
          }
          trainer = Trainer(model, schedule: .cosine(steps: 200), seed: 9)
          trainer.state = state
        }
        _ = try trainer.epoch(epoch, TrainingData(data), batchSize: 10)
      }
      return (
        [before, try reconstructionErrors(model, data).reduce(0, +)],
        model.parameters.map { $0.tensor.floats }
      )
    }
    let whole = try train(stopAfter: nil)
    #expect(whole.errors[1] < whole.errors[0])
    #expect(try train(stopAfter: 3).parameters == whole.parameters)
  }

  @Test func theConvolutionalModelNeedsMultiplesOfFour() {
    for shape in [[1, 10, 8], [1, 8, 6], [64]] {
      let error = #expect(throws: ModelError.self) {
        try Architecture(.convolutional, sampleShape: shape).makeModel(seed: 1)
      }
      #expect(error?.description.contains("\(shape)") == true)
    }
  }

  @Test func theSparsityPenaltyIsTheDivergence() {
    let code = Tensor([Float(0.1), 0.4, 0.1, 0.2], [2, 2])  // means 0.1 and 0.3
    let kl = { (r: Double) in 0.1 * log(0.1 / r) + 0.9 * log(0.9 / (1 - r)) }
    #expect(abs(SparseAutoencoder.sparsityPenalty(code).item - (kl(0.1) + kl(0.3)) / 2) < 1e-6)
  }

  @Test func seedsDecideTheFirstParameters() throws {
    let make = { (seed: UInt64) in
      try Architecture(.dense, sampleShape: [4]).makeModel(seed: seed).parameters[0].tensor.floats
    }
    #expect(try make(1) == make(1))
    #expect(try make(1) != make(2))
  }
}
