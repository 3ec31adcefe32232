import Evaluation
import Foundation
import Models
import Testing
import Torch

/// Layers, losses and optimisers against the authors' definitions, the losses computed again in plain Swift.
@Suite struct AuthorsDefinitionTests {
  private func layers(_ kind: ModelFamily, _ shape: [Int]) throws -> [String: [Int]] {
    let model = try Architecture(kind, sampleShape: shape).makeModel(seed: 1)
    return Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.tensor.shape) })
  }

  @Test func theLayersAreTheAuthors() throws {
    let dense = [
      "encoder.weight": [128, 784], "encoder.bias": [128], "decoder.weight": [784, 128],
      "decoder.bias": [784],
    ]
    #expect(try layers(.dense, [1, 28, 28]) == dense)
    #expect(try layers(.sparse, [1, 28, 28]) == dense)
    #expect(try layers(.sparse, [3, 32, 32])["encoder.weight"] == [256, 3072])
    #expect(
      try layers(.convolutional, [3, 32, 32]) == [
        "encoder.0.weight": [16, 3, 5, 5], "encoder.0.bias": [16], "encoder.1.weight": [8, 16, 5, 5],
        "encoder.1.bias": [8], "decoder.0.weight": [8, 8, 5, 5], "decoder.0.bias": [8],
        "decoder.1.weight": [16, 8, 5, 5], "decoder.1.bias": [16], "decoder.2.weight": [3, 16, 5, 5],
        "decoder.2.bias": [3],
      ])
    let adversarial = try layers(.adversarial, [1, 28, 28])
    let stacks = [
      "encoder": [784, 1000, 1000, 2], "decoder": [2, 1000, 1000, 784], "discriminator": [2, 1000, 1000, 1],
    ]
    #expect(adversarial.count == 18)
    for (name, sizes) in stacks {
      for i in 0..<3 {
        #expect(adversarial["\(name).\(i).weight"] == [sizes[i + 1], sizes[i]])
        #expect(adversarial["\(name).\(i).bias"] == [sizes[i + 1]])
      }
    }
  }

  @Test func theOptimisersAreTheAuthors() throws {
    func optimisers(_ kind: ModelFamily) throws -> [OptimizerConfiguration] {
      try Architecture(kind, sampleShape: [1, 8, 8]).makeModel(seed: 1).objectives.map(\.optimizer)
    }
    #expect(try optimisers(.dense) == [.rmsprop(learningRate: 0.0025)])
    #expect(try optimisers(.sparse) == [.adam(learningRate: 1e-3)])
    #expect(try optimisers(.convolutional) == [.adadelta(learningRate: 1)])
    #expect(
      try optimisers(.adversarial) == [OptimizerConfiguration](repeating: .adam(learningRate: 1e-4), count: 3)
    )
  }

  @Test(arguments: [
    (ModelFamily.dense, [1, 8, 8]), (.sparse, [1, 8, 8]), (.sparse, [3, 8, 8]),
    (.convolutional, [3, 8, 8]),
  ])
  func theLossIsTheAuthors(_ kind: ModelFamily, _ shape: [Int]) throws {
    let model = try #require(
      try Architecture(kind, sampleShape: shape, code: 5).makeModel(seed: 3) as? any Autoencoder)
    let size = shape.reduce(1, *), count = 6
    let x = Tensor(RandomStream(seed: 4, purpose: .augmentation).uniform(count * size), [count] + shape)
    let loss = try withoutGrad {
      try model.objectives[0].loss(Batch(x), RandomStream(seed: 1, purpose: .training)).item
    }
    let input = x.doubles, output = withoutGrad { model(x).doubles }
    func mean(_ term: (Double, Double) -> Double) -> Double {
      zip(input, output).reduce(0) { $0 + term($1.0, $1.1) } / Double(input.count)
    }
    var expected: Double
    switch kind.name {
    case "conv-autoencoder": expected = -mean { $0 * log($1) + (1 - $0) * log(1 - $1) }
    case "sparse-autoencoder":
      let code = withoutGrad { model.encode(x).doubles }
      let divergence = (0..<5).reduce(0.0) { sum, unit in
        let r = (0..<count).reduce(0) { $0 + code[$1 * 5 + unit] } / Double(count)
        return sum + 0.1 * log(0.1 / r) + 0.9 * log(0.9 / (1 - r))
      }
      expected = mean { ($0 - $1) * ($0 - $1) } + (shape[0] == 3 ? 1 : 3) * divergence / 5
      expected += 1e-7 * (code.map(abs).reduce(0, +) + output.map(abs).reduce(0, +)) / Double(count)
    default: expected = mean { ($0 - $1) * ($0 - $1) }
    }
    #expect(abs(loss - expected) < 1e-6 * max(1, abs(expected)))
  }

  /// BCE of the discriminator: prior against codes; of the generator: codes taken for the prior.
  @Test func theAdversarialLossesAreTheAuthors() throws {
    let model = try #require(
      try Architecture(.adversarial, sampleShape: [1, 8, 8]).makeModel(seed: 3) as? any Autoencoder)
    let x = Tensor(RandomStream(seed: 4, purpose: .augmentation).uniform(4 * 64), [4, 1, 8, 8])
    let random = RandomStream(seed: 9, purpose: .training, index: 2)
    let weights = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.tensor) })
    func judged(_ code: [Double]) throws -> Double {
      var values = code
      for i in 0..<3 {
        let w = try #require(weights["discriminator.\(i).weight"]),
          b = try #require(weights["discriminator.\(i).bias"])
        let rows = w.shape[0], columns = w.shape[1], wv = w.doubles, bv = b.doubles
        values = (0..<rows).map { row in
          let sum = (0..<columns).reduce(bv[row]) { $0 + wv[row * columns + $1] * values[$1] }
          return i < 2 ? max(0, sum) : sum
        }
      }
      return values[0]
    }
    func rows(_ values: [Double]) -> [[Double]] {
      stride(from: 0, to: values.count, by: 2).map { Array(values[$0..<$0 + 2]) }
    }
    func softplus(_ z: Double) -> Double { log1p(exp(-abs(z))) + max(z, 0) }
    let codes = try rows(withoutGrad { model.encode(x).doubles }).map(judged)
    let prior = try rows(random.normal(8).map(Double.init)).map(judged)
    let losses = try withoutGrad { try model.objectives.map { try $0.loss(Batch(x), random).item } }
    let discriminator = (prior.map { softplus(-$0) } + codes.map(softplus)).reduce(0, +) / 8
    let generator = codes.map { softplus(-$0) }.reduce(0, +) / 4
    #expect(model.objectives.map(\.name) == ["reconstruction", "discriminator", "generator"])
    #expect(abs(losses[1] - discriminator) < 1e-5)
    #expect(abs(losses[2] - generator) < 1e-5)
    #expect(try abs(losses[0] - reconstructionErrors(model, x).reduce(0, +) / 4) < 1e-6)
  }
}
