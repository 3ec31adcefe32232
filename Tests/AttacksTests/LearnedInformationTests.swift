import Attacks
import Models
import MutualInformation
import Testing
import Torch

@Suite struct LearnedInformationTests {
  func views(_ which: Int, of model: any TrainableModel) throws -> any SampleViews {
    let shape = model.architecture.sampleShape
    guard which == 0 else {
      return RandomProjection(count: 6, dimension: 10, sampleSize: shape.reduce(1, *), seed: 2, device: .cpu)
    }
    return try #require(try model.views(nil, samples: Tensor.zeros([1] + shape, device: .cpu)))
  }

  @Test(arguments: [0, 1]) func aResultDependsOnNeitherRangeNorThreads(_ which: Int) throws {
    let fixture = try Fixture(count: 130, kind: .convolutional)
    let attack = fixture.attack(
      MinMax(alpha: 0.1, iterations: 4),
      try LearnedInformation(
        views: try views(which, of: fixture.model),
        configuration: MINE.Configuration(hiddenUnits: 5, stepsPerIteration: 3)))
    let whole = try attack.run(fixture.data, range: 0..<130, threads: 1)
    let parallel = try attack.run(fixture.data, range: 0..<130, threads: 2)
    #expect(whole.perturbed.floats == parallel.perturbed.floats)
    #expect(whole.similarity.map(\.bitPattern) == parallel.similarity.map(\.bitPattern))
    for piece in [7..<8, 60..<67, 129..<130] {
      let part = try attack.run(fixture.data, range: piece, threads: 2)
      #expect(part.perturbed.floats == whole.perturbed[piece].floats)
      #expect(part.similarity.map(\.bitPattern) == whole.similarity[piece].map(\.bitPattern))
    }
  }

  /// A tile of the authors' networks for 28×28 would take 12 GB.
  @Test func networksTooLargeForATileAreTrainedInPartsToTheSameBits() throws {
    let count = 3
    let fixture = try Fixture(count: count, shape: [1, 28, 28], kind: .convolutional)
    let parameters = Dictionary(
      uniqueKeysWithValues: fixture.model.parameters.map { ($0.name, $0.tensor) })
    let weight = try #require(parameters["encoder.0.weight"]),
      bias = try #require(parameters["encoder.0.bias"])
    let similarity = try LearnedInformation(
      views: FirstConvolution(
        weight: weight[0..<2].contiguous(), bias: bias[0..<2].contiguous(), padding: 2,
        imageShape: [1, 28, 28]),
      configuration: MINE.Configuration(
        architecture: .authors, hiddenUnits: 2, stepsPerIteration: 1, learningRate: 1e-4))
    #expect(similarity.bytesPerSample > 180_000_000)
    let attack = fixture.attack(MinMax(alpha: 0.1, iterations: 1), similarity)
    let found = try attack.run(fixture.data, range: 0..<count, threads: 2)
    let tile = Tile(fixture.data, number: 0, size: Attack.tileSize, range: 0..<count, seed: attack.seed)
    let whole = try attack.solver.solve(
      Problem(tile, criterion: attack.criterion, similarity: similarity))
    #expect(found.index == Array(0..<count))
    #expect(found.perturbed.floats == whole.perturbed[0..<count].floats)
    #expect(found.similarity.map(\.bitPattern) == whole.similarity[0..<count].map(\.bitPattern))
  }
}
