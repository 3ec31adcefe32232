import Foundation
import MutualInformation
import Testing
import Torch

/// Views of a few samples and of their perturbed twins, `[samples, K, D]`.
func pairedViews(_ samples: Int, _ K: Int, _ D: Int, seed: UInt64 = 5) -> (x: Tensor, y: Tensor) {
  let stream = RandomStream(seed: seed, purpose: .start, index: K * 1000 + D)
  let x = Tensor(stream.normal(samples * K * D), [samples, K, D])
  let noise = Tensor(stream.normal(samples * K * D, position: 1 << 32), [samples, K, D])
  return (x, x + noise * 0.5)
}

func rows(_ t: Tensor) -> [[Double]] {
  let (width, values) = (t.shape[1], t.doubles)
  return (0..<t.shape[0]).map { Array(values[($0 * width)..<(($0 + 1) * width)]) }
}

/// ‖a − b‖ / ‖b‖
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
  let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  return (difference / max(b.reduce(0) { $0 + $1 * $1 }, 1e-30)).squareRoot()
}

@Suite struct MINETests {
  static let seed: UInt64 = 0xFEED_0123_4567_89AB
  /// K, D, H around every border of the kernel's blocks: 4, 8 and 16 views, 16 hidden units, 4 and 32 columns.
  static let shapes = [
    [1, 1, 1], [2, 3, 5], [7, 13, 5], [16, 64, 10], [16, 33, 16], [17, 31, 17], [20, 36, 40], [29, 100, 16],
    [37, 5, 33], [96, 12, 16],
  ]

  func estimators(
    _ K: Int, _ D: Int, _ H: Int, indices: [Int], rate: Float = 1e-3
  ) throws -> (fused: FusedMINE, tensor: TensorMINE) {
    let c = MINE.Configuration(hiddenUnits: H, learningRate: rate)
    return (
      try FusedMINE(c, views: K, dimension: D, seed: Self.seed, indices: indices),
      try TensorMINE(c, views: K, dimension: D, seed: Self.seed, indices: indices, device: .cpu)
    )
  }

  // Tolerances: float32 sums of K, D and H terms against float64; 2e-4 leaves room for Adam, which turns a rounding
  // error in a gradient near zero into a full step of a weight that hardly matters.
  @Test(arguments: shapes) func kernelAndTensorPathFollowTheLiteralReference(_ shape: [Int]) throws {
    let (K, D, H) = (shape[0], shape[1], shape[2])
    let indices = [0, 3, 1_000_000_007]
    let (x, y) = pairedViews(indices.count, K, D)
    let (fused, tensor) = try estimators(K, D, H, indices: indices)
    var a = fused.advance(x, y, steps: 9), b = tensor.advance(x, y, steps: 9)
    let later = y * 0.75
    a = fused.advance(x, later, steps: 6)
    b = tensor.advance(x, later, steps: 6)
    for (i, index) in indices.enumerated() {
      var literal = LiteralMINE(K: K, D: D, H: H, rate: 1e-3, seed: Self.seed, index: index)
      literal.train(rows(x[i]), rows(y[i]), steps: 9)
      literal.train(rows(x[i]), rows(later[i]), steps: 6)
      let value = literal.evaluate(rows(x[i]), rows(later[i]))
      let gradient = literal.gradient(rows(x[i]), rows(later[i])).flatMap { $0 }
      for estimate in [a, b] {
        #expect(abs(estimate.values.doubles[i] - value) < 1e-5 + 1e-4 * abs(value))
        #expect(
          relativeError(estimate.gradient[i].doubles, gradient) < 2e-4
            || gradient.allSatisfy { abs($0) < 1e-7 })
      }
      let weights = (literal.wx + literal.wy).flatMap { $0 }
      for parameters in [fused.parameters(of: i), tensor.parameters(of: i)] {
        #expect(relativeError(parameters[..<weights.count].map(Double.init), weights) < 2e-3)
      }
    }
  }

  @Test func gradientIsTheSlopeOfTheBound() throws {
    let (K, D, H) = (7, 9, 6)
    let (x, y) = pairedViews(1, K, D)
    let (fused, _) = try estimators(K, D, H, indices: [4], rate: 1e-2)
    let found = rows(fused.advance(x, y, steps: 30).gradient[0])
    var literal = LiteralMINE(K: K, D: D, H: H, rate: 1e-2, seed: Self.seed, index: 4)
    literal.train(rows(x[0]), rows(y[0]), steps: 30)
    let h = 1e-6
    for (k, d) in [(0, 0), (2, 8), (3, 4), (6, 1)] {
      var up = rows(y[0]), down = up
      up[k][d] += h
      down[k][d] -= h
      let slope = (literal.evaluate(rows(x[0]), up) - literal.evaluate(rows(x[0]), down)) / (2 * h)
      #expect(abs(found[k][d] - slope) < 1e-4)
    }
  }

  @Test func gradientIsAutogradsGradient() throws {
    let (K, D, H) = (16, 21, 10)
    let (x, y) = pairedViews(1, K, D)
    let (fused, _) = try estimators(K, D, H, indices: [8], rate: 1e-2)
    let estimate = fused.advance(x, y, steps: 25)
    let p = fused.parameters(of: 0)
    let wx = Tensor(p[..<(H * D)], [H, D]), wy = Tensor(p[(H * D)..<(2 * H * D)], [H, D])
    let b = Tensor(p[(2 * H * D)..<(2 * H * D + H)], [H]), v = Tensor(p[(2 * H * D + H)...], [H, 1])
    let permutation = RandomStream(seed: Self.seed, purpose: .mineEvaluation, index: 8)
      .permutation(K, position: UInt64(25 * 4))
    let leaf = y[0].requiringGrad()
    func t(_ y: Tensor) -> Tensor {
      matmul((matmul(x[0], wx.transposed()) + matmul(y, wy.transposed()) + b).relu(), v)
    }
    let bound = t(leaf).mean() - t(leaf.gathered(permutation)).logSumExp(0).sum() + log(Double(K))
    #expect(abs(bound.item - estimate.values.item) < 1e-5)
    let gradient = try #require(try grad(bound, [leaf])[0])
    #expect(relativeError(estimate.gradient[0].doubles, gradient.doubles) < 1e-5)
  }

  @Test func resultDoesNotDependOnTheGroupTheThreadOrTheCutIntoCalls() async throws {
    let (K, D, H) = (19, 45, 10)
    let indices = [2, 3, 5, 7, 11]
    let (x, y) = pairedViews(indices.count, K, D)
    let (fused, _) = try estimators(K, D, H, indices: indices)
    let together = fused.advance(x, y, steps: 20)
    let apart = try await withThrowingTaskGroup(of: (Int, [Float], [Float]).self) { group in
      for (i, index) in indices.enumerated() {
        group.addTask {
          let (alone, _) = try self.estimators(K, D, H, indices: [index])
          _ = alone.advance(x[i..<(i + 1)], y[i..<(i + 1)], steps: 13)
          let estimate = alone.advance(x[i..<(i + 1)], y[i..<(i + 1)], steps: 7)
          return (i, estimate.values.floats, estimate.gradient.floats)
        }
      }
      return try await group.reduce(into: [(Int, [Float], [Float])]()) { $0.append($1) }
    }
    #expect(apart.count == indices.count)
    for (i, value, gradient) in apart {
      #expect(together.values[i].floats == value)
      #expect(together.gradient[i].floats == gradient)
    }
  }

  @Test(arguments: shapes) func vectorWidthsAgreeToTheLastBit(_ shape: [Int]) throws {
    func run(_ set: FusedMINE.InstructionSet) throws -> [Float] {
      let c = MINE.Configuration(hiddenUnits: shape[2])
      let mine = try FusedMINE(
        c, views: shape[0], dimension: shape[1], seed: 1, indices: [0], instructionSet: set)
      let (x, y) = pairedViews(1, shape[0], shape[1])
      let estimate = mine.advance(x, y, steps: 12)
      return estimate.values.floats + estimate.gradient.floats + mine.parameters(of: 0)
    }
    guard let wide = try? run(.avx512), let narrow = try? run(.avx2) else {
      // Only AVX2 and AVX-512 can be compared: the baseline of x86 has no fused multiply-add.
      return
    }
    #expect(wide == narrow)
    let baseline = try run(.baseline)
    #expect(abs(baseline[0] - wide[0]) < 1e-4)
  }

  /// The kernel flushes subnormal numbers to zero while it runs, and only then.
  @Test func smallNumbersCountAgainAfterTheKernel() throws {
    let (x, y) = pairedViews(1, 16, 20)
    let (fused, _) = try estimators(16, 20, 10, indices: [0])
    let value = fused.advance(x, y, steps: 3).values.item
    let small = Float.leastNormalMagnitude * (value.isFinite ? 1 : 2)
    #expect(small / 4 > 0)
  }

  @Test func aSampleThatIsNotFiniteSpoilsNoOther() throws {
    for poison in [Float.nan, .infinity] {
      let (x, y) = pairedViews(3, 16, 20)
      var values = y.floats
      values[16 * 20 + 7] = poison
      let spoiled = Tensor(values, y.shape)
      let (fused, tensor) = try estimators(16, 20, 10, indices: [0, 1, 2])
      let (clean, _) = try estimators(16, 20, 10, indices: [0, 1, 2])
      let expected = clean.advance(x, y, steps: 5)
      let found = fused.advance(x, spoiled, steps: 5), also = tensor.advance(x, spoiled, steps: 5)
      for i in [0, 2] {
        #expect(found.values[i].floats == expected.values[i].floats)
        #expect(found.gradient[i].floats == expected.gradient[i].floats)
        #expect(abs(also.values[i].item - expected.values[i].item) < 1e-5)
      }
      #expect(!found.values[1].item.isFinite && !also.values[1].item.isFinite)
    }
  }

  @Test func largeTStaysFinite() throws {
    let (x, y) = pairedViews(1, 16, 20)
    let (fused, tensor) = try estimators(16, 20, 10, indices: [0])
    let huge = 1e4  // T in the thousands: exp T overflows in float32, the bound does not.
    let a = fused.advance(x * huge, y * huge, steps: 0), b = tensor.advance(x * huge, y * huge, steps: 0)
    #expect(a.values.item.isFinite && abs(a.values.item - b.values.item) < 1e-4 * abs(b.values.item))
  }

  /// One coordinate of a pair of Gaussians with correlation ρ carries −½ ln(1 − ρ²) nats; 4,000 pairs, four independent
  /// networks. The bound is itself an estimate from 4,000 pairs: its spread at ρ = 0.9 is about 0.03.
  @Test(arguments: [0.5, 0.9]) func estimatesTheInformationOfCorrelatedGaussians(_ rho: Double) throws {
    let (samples, K) = (4, 4000)
    let stream = RandomStream(seed: 21, purpose: .start)
    let x = Tensor(stream.normal(samples * K), [samples, K, 1])
    let z = Tensor(stream.normal(samples * K, position: 1 << 32), [samples, K, 1])
    let y = x * rho + z * (1 - rho * rho).squareRoot()
    let c = MINE.Configuration(hiddenUnits: 16, learningRate: 1e-2)
    let mine = try FusedMINE(c, views: K, dimension: 1, seed: 3, indices: Array(0..<samples))
    _ = mine.advance(x, y, steps: 1500)
    // The mean over several permutations of the evaluation, the network being nearly still.
    let values = (0..<5).map { _ in mine.advance(x, y, steps: 2).values.mean().item }
    let truth = -0.5 * log(1 - rho * rho)
    #expect(abs(values.reduce(0, +) / 5 - truth) < 0.06)
  }

  @Test func settingsOutOfRangeAreNamed() {
    func message(_ change: (inout MINE.Configuration) -> Void) -> String {
      var c = MINE.Configuration()
      change(&c)
      do { try c.validate() } catch { return "\(error)" }
      return ""
    }
    #expect(message { $0.hiddenUnits = 0 } == "MINE's hidden units must be at least 1, not 0")
    #expect(message { $0.learningRate = .nan }.hasPrefix("MINE's learning rate must be positive"))
    #expect(message { $0.beta2 = 1 }.hasPrefix("MINE's beta2"))
    #expect(message { $0.epsilon = 0 }.hasPrefix("MINE's epsilon"))
    #expect(message { _ in }.isEmpty)
  }
}
