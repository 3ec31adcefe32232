import Models
import Selection
import StandIn
import Testing
import Torch

/// Features are chosen of samples on another device, and what is trained is trained there.
@Suite(.enabled(if: StandIn.device != nil, "the stand-in device is not built; run ./test"))
struct SelectionDeviceTests {
  @Test(arguments: FeatureSelectors.all.map(\.name))
  func everyMethodTakesSamplesFromThere(_ method: String) throws {
    let other = try #require(StandIn.device)
    let samples = Tensor(RandomStream(seed: 5, purpose: .start).uniform(60 * 12), [60, 12])
    var training = ConcreteTraining()
    training.steps = 20
    func select(_ device: Device) throws -> FeatureSelection {
      let there = samples.to(device)
      let problem = try SelectionProblem(there, count: 3, seed: 1, threads: 1, training: training)
      let (selection, choice) = try FeatureSelectors.named(method).select(problem)
      let decoder = try FeatureDecoder.model(selection, choice: choice, samples: there, seed: 1, steps: 5)
      #expect(decoder.device == device)
      return selection
    }
    #expect(try select(other).features.map(\.index) == select(.cpu).features.map(\.index))
  }
}
