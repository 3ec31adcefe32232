import Datasets
import Evaluation
import Foundation
import Testing
import Torch

// Reference values: scikit-image 0.26.0, structural_similarity(gaussian_weights=True, use_sample_covariance=False,
// data_range=1, win_size=k, sigma=1.5·k/11) averaged over channels, and peak_signal_noise_ratio; numpy 2.4.6.

/// Pseudo-random pixels from integer arithmetic, so that any language can make the same.
private func pixels(_ count: Int, phase: Int) -> [Float] {
  (0..<count).map { Float(Double(($0 * $0 * 7 + $0 * 13 + phase * 31) % 97) / 97) }
}

private struct Judged: Sendable {
  let shape: [Int]
  let ssim, psnr, l2, lInfinity, cosine: Double

  var pair: (ArraySlice<Float>, ArraySlice<Float>) {
    let count = shape.reduce(1, *)
    let x = pixels(count, phase: 0)
    return (x[...], zip(x, pixels(count, phase: 5)).map { 0.7 * $0 + 0.3 * $1 }[...])
  }
}

private let judged = [
  Judged(
    shape: [28, 28], ssim: 0.830128012914145, psnr: 16.685326573757656, l2: 4.101018256633315,
    lInfinity: 0.17938145995140076, cosine: 0.9703970890417638),
  Judged(
    shape: [1, 8, 8], ssim: 0.7432897183220815, psnr: 16.744912666676317, l2: 1.1637088942619094,
    lInfinity: 0.17938145995140076, cosine: 0.9710828469839198),
  Judged(
    shape: [3, 32, 20], ssim: 0.8313760342416732, psnr: 16.685023099983926, l2: 6.417996255156072,
    lInfinity: 0.17938145995140076, cosine: 0.9705781284213456),
  Judged(
    shape: [9, 12], ssim: 0.8451138389396593, psnr: 16.694947520126778, l2: 1.5204232486461693,
    lInfinity: 0.17938145995140076, cosine: 0.9693338948153022),
  Judged(
    shape: [3, 5], ssim: 0.4950623494345039, psnr: 16.425293850036265, l2: 0.5844951838942112,
    lInfinity: 0.17938144877552986, cosine: 0.945612056013557),
]

@Suite struct QualityTests {
  @Test(arguments: judged)
  private func agreesWithScikitImage(_ reference: Judged) throws {
    let (x, y) = reference.pair
    let ssim = try #require(StructuralSimilarity(shape: reference.shape))
    #expect(abs(ssim(x, y) - reference.ssim) < 1e-6)
    #expect(abs(try #require(peakSignalToNoise(of: y, from: x)) - reference.psnr) < 1e-5)
    let size = perturbationSize(of: y, from: x)
    #expect(abs(size.l2 - reference.l2) < 1e-6)
    #expect(abs(size.lInfinity - reference.lInfinity) < 1e-6)
    #expect(abs(try #require(size.cosine) - reference.cosine) < 1e-7)
  }

  @Test func equalImagesAreFullyAlike() throws {
    let x = pixels(784, phase: 2)[...]
    let ssim = try #require(StructuralSimilarity(shape: [28, 28]))
    #expect(abs(ssim(x, x) - 1) < 1e-12)
    #expect(peakSignalToNoise(of: x, from: x) == nil)
    let size = perturbationSize(of: x, from: x)
    #expect(size.l2 == 0)
    #expect(size.lInfinity == 0)
    #expect(abs(try #require(size.cosine) - 1) < 1e-15)
  }

  @Test func vectorsAndSpecksHaveNoStructuralSimilarity() {
    #expect(StructuralSimilarity(shape: [617]) == nil)
    #expect(StructuralSimilarity(shape: [3, 2, 8]) == nil)
    #expect(StructuralSimilarity(shape: [0, 8]) == nil)
  }

  @Test func tinyPerturbationsKeepTheirNorm() {
    let size = perturbationSize(of: [3e-30, 4e-30], from: [0, 0])
    #expect(abs(size.l2 / 5e-30 - 1) < 1e-6)
    #expect(size.cosine == nil)
  }
}

@Suite struct NearestNeighbourTests {
  private static let reference = Samples(shape: [16], values: pixels(16 * 700, phase: 1))

  private func bruteForce(_ query: ArraySlice<Float>, excluding: Int?) -> Double {
    (0..<Self.reference.count).filter { $0 != excluding }.map { index in
      let other = Self.reference.values[index * 16..<(index + 1) * 16]
      return zip(query, other).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
    }.min() ?? .infinity
  }

  @Test func agreesWithComparingAllPairs() throws {
    let queries = Samples(shape: [16], values: pixels(16 * 300, phase: 4).map { 0.9 * $0 + 0.03 })
    let found = try NearestNeighbours(of: queries, in: Self.reference)
    for query in 0..<queries.count {
      let expected = bruteForce(queries.values[query * 16..<(query + 1) * 16], excluding: nil)
      #expect(abs(found.distances[query] - expected) < 1e-5)
    }
  }

  @Test func aSampleIsNotItsOwnNeighbour() throws {
    let own = Self.reference.prefix(97)  // the pixels repeat after 97 samples
    let found = try NearestNeighbours(of: own, in: own, excluding: Array(0..<own.count))
    #expect(zip(found.indices, 0..<own.count).allSatisfy { $0 != $1 })
    #expect(found.distances.allSatisfy { $0 > 0 })
    let itself = try NearestNeighbours(of: own, in: own)
    #expect(itself.indices == Array(0..<own.count))
    #expect(itself.distances.allSatisfy { $0 == 0 })
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let one = Samples(shape: [2], values: [1, 2])
    #expect(throws: QualityError.noReference) { try NearestNeighbours(of: one, in: one, excluding: [0]) }
    #expect(throws: QualityError.shapeMismatch([2], [16])) {
      try NearestNeighbours(of: one, in: Self.reference)
    }
    #expect(throws: QualityError.unequalCounts(2, 1)) {
      try NearestNeighbours(of: one, in: one, excluding: [0, 0])
    }
  }
}
