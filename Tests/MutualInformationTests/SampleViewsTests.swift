import Foundation
import MutualInformation
import Testing
import Torch

@Suite struct SampleViewsTests {
  static let convolution = FirstConvolution(
    weight: Tensor(RandomStream(seed: 1, purpose: .initialization).normal(4 * 2 * 3 * 3), [4, 2, 3, 3]),
    bias: Tensor([0.1, -0.2, 0.3, 0] as [Float], [4]), padding: 1, imageShape: [2, 6, 5])
  static let projection = RandomProjection(count: 5, dimension: 7, sampleSize: 60, seed: 9, device: .cpu)

  func samples(_ count: Int) -> Tensor {
    Tensor(RandomStream(seed: 2, purpose: .start).normal(count * 60), [count, 2, 6, 5])
  }

  @Test func convolutionViewsAreItsRectifiedChannels() {
    let x = samples(2), views = Self.convolution(x)
    #expect(Self.convolution.count == 4 && Self.convolution.viewShape == [6, 5])
    #expect(views.shape == [2, 4, 30])
    // One inner position by hand.
    let weights = RandomStream(seed: 1, purpose: .initialization).normal(72), pixels = x.floats
    let (sample, k, row, column) = (1, 2, 3, 2)
    var sum: Float = 0.3
    for c in 0..<2 {
      for i in 0..<3 {
        for j in 0..<3 {
          sum +=
            weights[((k * 2 + c) * 3 + i) * 3 + j]
            * pixels[((sample * 2 + c) * 6 + row + i - 1) * 5 + column + j - 1]
        }
      }
    }
    #expect(abs(views[sample][k].floats[row * 5 + column] - max(sum, 0)) < 1e-5)
  }

  @Test(arguments: [0, 1]) func pullbackIsAutogradsGradient(_ which: Int) throws {
    let views: any SampleViews = which == 0 ? Self.convolution : Self.projection
    let x = samples(3)
    let (values, pullback) = views.withPullback(x)
    let weights = Tensor(RandomStream(seed: 4, purpose: .start).normal(values.count), values.shape)
    let found = pullback(weights)
    #expect(found.shape == x.shape)
    // Slopes of ⟨weights, views(x)⟩ by central differences; float32 views allow a step of 1e-2.
    for at in [0, 17, 95, 179] {
      func value(_ change: Float) -> Double {
        var moved = x.floats
        moved[at] += change
        return (views(Tensor(moved, x.shape)) * weights).to(.float64).sum().item
      }
      let slope = (value(1e-2) - value(-1e-2)) / 2e-2
      #expect(abs(Double(found.floats[at]) - slope) < 2e-2 * max(1, abs(slope)))
    }
  }

  @Test func projectedRowsAreStandardised() {
    let views = Self.projection(samples(2))
    #expect(views.shape == [2, 5, 7])
    for mean in views.mean(2).floats { #expect(abs(mean) < 1e-6) }
    for square in views.square().mean(2).floats { #expect(abs(square - 1) < 1e-4) }
    #expect(Self.projection(Tensor.zeros([1, 60], device: .cpu)).floats.allSatisfy { $0 == 0 })
  }

  @Test func aViewsMatrixDependsOnTheSeedAndItsNumberAlone() {
    let one = Tensor([1] + [Float](repeating: 0, count: 59), [1, 60])
    let few = RandomProjection(count: 2, dimension: 7, sampleSize: 60, seed: 9, device: .cpu)
    #expect(few(one).floats == Self.projection(one).sliced(1, 0..<2).floats)
    let other = RandomProjection(count: 2, dimension: 7, sampleSize: 60, seed: 10, device: .cpu)
    #expect(few(one).floats != other(one).floats)
  }

  /// Standardised projections of x and −x are negatives, those of x and x equal, those of x and c·x equal.
  @Test func viewsDependOnDirectionOnly() {
    let x = samples(1), p = Self.projection
    #expect(zip(p(x).floats, p(x * 3).floats).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(zip(p(x).floats, p(-x).floats).allSatisfy { abs($0 + $1) < 1e-4 })
  }
}
