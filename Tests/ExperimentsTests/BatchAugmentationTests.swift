import Testing
import Torch

import Experiments

@Suite struct BatchAugmentationTests {
  private let set =
    Tensor(RandomStream(seed: 3, purpose: .split).uniform(40 * 2 * 9 * 9), [40, 2, 9, 9]) * 0.2 + 0.4
  private let places = [0, 39, 7, 7, 20]

  private func made(_ augmentation: BatchAugmentation, update: Int = 3) -> Tensor {
    augmentation(set.gathered(places), at: places, of: set, seed: 5, update: update)
  }

  /// What was added is a multiple of the difference of two samples, neither of which is the sample itself.
  @Test func differenceNoiseIsTheDifferenceOfTwoOthers() {
    let added = (made(.noise(sigma: 0, lambda: 0.5)) - set.gathered(places)) * 2
    for (row, place) in places.enumerated() {
      let pairs = (0..<40).flatMap { j in (0..<40).map { (j, $0) } }
      let found = pairs.filter { j, k in
        j != k && (set[j] - set[k] - added[row]).abs().max(0).max(0).max(0).item < 1e-5
      }
      #expect(found.count == 1)
      #expect(found.allSatisfy { $0.0 != place && $0.1 != place })
    }
  }

  @Test func whiteNoiseHasItsDeviationAndBothKindsAddUp() {
    let white = made(.noise(sigma: 0.01, lambda: 0)) - set.gathered(places)
    let square = white.square().flattened().mean(1).doubles
    #expect(square.allSatisfy { abs($0.squareRoot() - 0.01) < 0.003 })
    let shaped = made(.noise(sigma: 0, lambda: 0.25)) - set.gathered(places)
    let both = made(.noise(sigma: 0.01, lambda: 0.25)) - set.gathered(places)
    #expect((both - white - shaped).abs().flattened().max(1).doubles.allSatisfy { $0 < 1e-6 })
  }

  @Test(arguments: [1, 2]) func shiftsMoveWholeImagesAndFillWithBlack(_ pixels: Int) {
    for update in 0..<5 {
      let moved = made(.shift(pixels: pixels), update: update)
      for (row, place) in places.enumerated() {
        let x = set[place].floats, y = moved[row].floats
        func shifted(_ dy: Int, _ dx: Int) -> [Float] {
          (0..<2 * 81).map { i in
            let (channel, r, c) = (i / 81, i / 9 % 9 + dy, i % 9 + dx)
            return 0..<9 ~= r && 0..<9 ~= c ? x[channel * 81 + r * 9 + c] : 0
          }
        }
        let range = -pixels...pixels
        #expect(range.contains { dy in range.contains { shifted(dy, $0) == y } })
      }
    }
  }

  @Test func drawsBelongToTheUpdate() {
    for augmentation in [BatchAugmentation.noise(sigma: 0.1, lambda: 0.1), .shift(pixels: 2), .mixup] {
      #expect(made(augmentation).floats == made(augmentation).floats)
      #expect(made(augmentation).floats != made(augmentation, update: 4).floats)
    }
  }

  @Test func differencesOfTwoSamplesAreOfThose() {
    let few = set[0..<2]
    let made = BatchAugmentation.noise(sigma: 0, lambda: 1)(few, at: [0, 1], of: few, seed: 1, update: 0)
    #expect(made.floats.allSatisfy { $0.isFinite })
  }
}
