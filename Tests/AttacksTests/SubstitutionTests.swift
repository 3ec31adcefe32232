import Attacks
import Testing
import Torch

@Suite struct SubstitutionTests {
  @Test func startsAreWhatTheStreamsDraw() throws {
    let recipe = Recipe("noisy", start: Choice("noise", ["sigma": .real(0.3)]))
    let set = Tensor(RandomStream(seed: 5, purpose: .augmentation).uniform(70 * 6), [70, 6])
    let starts = try recipe.starts(of: set, seed: 9)
    // Written anew: x + σ n with the noise of each sample's own stream, clipped.
    for row in [0, 3, 64, 69] {
      let noise = RandomStream(seed: 9, purpose: .start, index: row).normal(6)
      for (i, value) in starts[row].floats.enumerated() {
        #expect(abs(value - min(1, max(0, set[row].floats[i] + 0.3 * noise[i]))) < 1e-6)
      }
    }
    #expect(starts.floats != (try recipe.starts(of: set, seed: 9, copy: 1)).floats)
  }

  @Test func onlyFailuresAreReplaced() {
    let a = Tensor([1, 2, 3, 4, 5, 6] as [Float], [3, 2]),
      b = Tensor([-1, -2, -3, -4, -5, -6] as [Float], [3, 2])
    #expect(a.replacingFailures([true, false, true], by: b).floats == [1, 2, -3, -4, 5, 6])
  }
}
