import Testing
import Torch

/// This package's kernel for maxima of 2 × 2 values, in both layouts, against LibTorch's own, which float64 still has.
@Suite struct PoolingTests {
  @Test(arguments: [
    [3, 2, 28, 28], [2, 5, 16, 16], [1, 3, 5, 7], [4, 2, 2, 2], [2, 2, 3, 35], [1, 40, 40, 18],
    [3, 19, 6, 9],
  ])
  func maximaAndTheirPlacesAreThoseOfLibTorch(_ shape: [Int]) throws {
    let pool = try Operator("aten::max_pool2d_with_indices")
    // Few values, so that many are equal, and every one that is no number or has another zero.
    let palette: [Float] = [0, -0.0, 1, -1, 2, .infinity, -.infinity, .nan]
    for seed in UInt64(0)..<20 {
      let drawn = RandomStream(seed: seed, purpose: .start).uniform(shape.reduce(1, *))
      let kinds: Float = seed % 2 == 0 ? 8 : 5
      let x = Tensor(drawn.map { palette[Int($0 * kinds)] }, shape)
      func pooled(_ x: Tensor) throws -> [Tensor] {
        try pool.call([.tensor(x), .ints([2, 2]), .ints([2, 2])]).compactMap {
          if case .tensor(let tensor) = $0 { tensor } else { nil }
        }
      }
      let theirs = try pooled(x.to(.float64))
      for ours in [try pooled(x), try pooled(x.channelsLast())] {
        try #require(ours.count == 2 && theirs.count == 2)
        #expect(ours[0].shape == theirs[0].shape)
        #expect(ours[0].floats.map(\.bitPattern) == theirs[0].to(.float32).floats.map(\.bitPattern))
        #expect(ours[1].ints == theirs[1].ints)
      }
    }
  }

  @Test func gradientsGoWhereTheMaximaWere() throws {
    let shape = [3, 4, 9, 22]
    let drawn = RandomStream(seed: 1, purpose: .start).uniform(shape.reduce(1, *))
    let x = Tensor(drawn.map { ($0 * 4).rounded() }, shape)
    func slope(_ x: Tensor) throws -> [Float] {
      let leaf = x.requiringGrad()
      let y = maxPool2d(leaf, 2)
      let weights = Tensor(RandomStream(seed: 2, purpose: .start).uniform(y.count), y.shape)
      return try #require(grad((y * weights).sum(), [leaf])[0]).to(.float32).floats
    }
    let theirs = try slope(x.to(.float64))
    #expect(try slope(x) == theirs && slope(x.channelsLast()) == theirs)
  }

  /// Other sizes and steps, numbers of other types and images by themselves are LibTorch's own.
  @Test func whatTheKernelIsNotForIsDoneAsBefore() {
    let x = Tensor((0..<16).map(Float.init), [1, 1, 4, 4])
    #expect(maxPool2d(x, 2).floats == [5, 7, 13, 15])
    #expect(maxPool2d(x, 3, stride: 1).floats == [10, 11, 14, 15])
    #expect(maxPool2d(x, 2, stride: 1).floats == [5, 6, 7, 9, 10, 11, 13, 14, 15])
    #expect(maxPool2d(x.to(.float64), 2).doubles == [5, 7, 13, 15])
    #expect(maxPool2d(x.reshaped([1, 4, 4]), 2).floats == [5, 7, 13, 15])
  }
}
