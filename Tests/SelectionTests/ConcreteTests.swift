import Selection
import Testing
import Torch

@Suite struct ConcreteTests {
  private func choice(_ method: String, batchSize: Int, threads: Int) throws -> FeatureSelector.Choice {
    let samples = Tensor(RandomStream(seed: 5, purpose: .start).uniform(90 * 30), [90, 30])
    var training = ConcreteTraining()
    training.steps = 200
    training.batchSize = batchSize
    let problem = try SelectionProblem(samples, count: 5, seed: 1, threads: threads, training: training)
    return try FeatureSelectors.named(method).select(problem).1
  }

  /// To the bit, also where the halves of a batch differ and where there is one sample alone.
  @Test(arguments: ["concrete", "concrete-st", "concrete-ip"], [1, 7, 32])
  func threadsChangeNothing(_ method: String, _ batchSize: Int) throws {
    let one = try choice(method, batchSize: batchSize, threads: 1)
    let two = try choice(method, batchSize: batchSize, threads: 2)
    #expect(one.indices == two.indices)
    #expect(!one.decoder.isEmpty)
    for (a, b) in zip(one.decoder, two.decoder) {
      #expect(a.name == b.name && a.tensor.floats == b.tensor.floats)
    }
  }
}
