import Attacks
import Foundation
import Models
import Testing
import Torch

/// Algorithm 1 against a literal one-sample reference in plain Double loops: a linear model Φ(x) = W x and a quadratic
/// similarity, whose gradients are written out by hand.
@Suite struct AlgorithmTests {
  struct Reference {
    let w: [[Double]], x: [Double]

    func phi(_ z: [Double]) -> [Double] { w.map { row in zip(row, z).reduce(0) { $0 + $1.0 * $1.1 } } }
    func norm(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    func sub(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map(-) }
    func f(_ z: [Double], _ kappa: Double) -> Double { norm(sub(x, phi(z))) - norm(sub(x, phi(x))) + kappa }
    func gradF(_ z: [Double]) -> [Double] {
      let r = sub(x, phi(z)), n = norm(r)
      return x.indices.map { j in n == 0 ? 0 : -x.indices.reduce(0) { $0 + r[$1] * w[$1][j] } / n }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
  func minMaxIsAlgorithmOneToTheLetter(_ seed: UInt64) throws {
    let d = 5, rows = 9
    let random = RandomStream(seed: seed, purpose: .augmentation)
    let w = random.normal(d * d).map { Double($0) * 0.4 }
    let data = random.uniform(rows * d, position: 100).map(Double.init)
    let matrix = Tensor(w, [d, d]).to(.float32), x = Tensor(data, [rows, d]).to(.float32)
    for (epsilon, kappa) in [(1.0, 0.0), (0.15, 0.05)] {
      let solver = MinMax(alpha: 0.07, beta: 0.3, iterations: 25, epsilon: epsilon, recordsTrace: true)
      let attack = Attack(
        criterion: KeepsReconstruction(kappa: kappa) { linear($0, matrix) }, similarity: Tilted(),
        solver: solver,
        seed: 1)
      let result = try attack.run(x, range: 0..<rows, threads: 1)
      for i in 0..<rows {
        let sample = Array(data[i * d..<(i + 1) * d])
        let reference = TiltedReference(
          base: Reference(w: (0..<d).map { Array(w[$0 * d..<($0 + 1) * d]) }, x: sample))
        let expected = reference.minMax(alpha: 0.07, beta: 0.3, T: 25, epsilon: epsilon, kappa: kappa)
        #expect((result.status[i] == .succeeded) == (expected.best != nil))
        let got = result.perturbed[i].doubles, want = expected.best ?? sample
        #expect(zip(got, want).allSatisfy { abs($0 - $1) < 2e-4 })
        for t in 0..<25 {
          #expect(abs(Double(result.traces[0].multiplier[t][i]) - expected.c[t]) < 1e-4)
          #expect(abs(Double(result.traces[0].criterion[t][i]) - expected.f[t]) < 1e-4)
        }
      }
    }
  }

  /// −‖x′ − x‖² /2 − Σ x′: its gradient at δ = 0 is not zero, so that Algorithm 1 leaves its start.
  struct Tilted: Similarity {
    let bytesPerSample = 0
    func bind(_ tile: Tile) -> any BoundSimilarity { Bound(x: tile.originals) }
    struct Bound: BoundSimilarity {
      let closedForm: ClosedForm? = nil
      let x: Tensor
      func evaluate(_ z: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
        let delta = z - x
        return (-(delta.square().sum(1) / 2.0) - z.sum(1), -delta - 1)
      }
    }
  }

  struct TiltedReference {
    let base: Reference
    func minMax(alpha: Double, beta: Double, T: Int, epsilon: Double, kappa: Double)
      -> (best: [Double]?, c: [Double], f: [Double])
    {
      let x = base.x
      var z = x, c = 0.0, best: [Double]?, bestS = Double.infinity, cs: [Double] = [], fs: [Double] = []
      func s(_ z: [Double]) -> Double {
        -zip(z, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 2 - z.reduce(0, +)
      }
      for t in 1...T {
        let gf = base.gradF(z), active = base.f(z, kappa) > 0 ? c : 0
        z = z.indices.map { j in
          let moved = z[j] - alpha * (active * gf[j] - (z[j] - x[j]) - 1)
          return min(max(x[j] + min(max(moved - x[j], -epsilon), epsilon), 0), 1)
        }
        let value = base.f(z, kappa)
        c = max(0, (1 - beta / pow(Double(t), 0.25)) * c + beta * max(0, value))
        if value <= 0, s(z) < bestS, z != x { (best, bestS) = (z, s(z)) }
        cs.append(c)
        fs.append(value)
      }
      return (best, cs, fs)
    }
  }

  /// For Φ = P, an orthogonal projection, ‖x − P x′‖ ≤ ‖x − P x‖ holds exactly where P x′ = P x: the feasible set is
  /// the affine subspace x + ker P, so every perturbation that succeeds lies in the kernel.
  @Test func onALinearAutoencoderTheFeasibleSetIsTheKernel() throws {
    let d = 6
    // P projects on the first two coordinates.
    let p = Tensor((0..<d * d).map { Float($0 / d == $0 % d && $0 / d < 2 ? 1 : 0) }, [d, d])
    let x = Tensor(RandomStream(seed: 9, purpose: .augmentation).uniform(30 * d), [30, d])
    let attack = Attack(
      criterion: KeepsReconstruction { linear($0, p) }, similarity: Distance(),
      solver: Switching(start: .zero, alpha: 0.5, iterations: 30), seed: 2)
    // From δ = 0 nothing tells a direction.
    let still = try attack.run(x, range: 0..<30, threads: 1)
    #expect(still.successRate == 0)
    let kernelOnly = Attack(
      criterion: KeepsReconstruction { linear($0, p) }, similarity: KernelDistance(),
      solver: Switching(
        start: .zero, alpha: 0.5, iterations: 30), seed: 2)
    let moved = try kernelOnly.run(x, range: 0..<30, threads: 1)
    #expect(moved.successRate == 1)
    let delta = (moved.perturbed - x).floats
    for i in 0..<30 {
      #expect(delta[i * d] == 0 && delta[i * d + 1] == 0)
      // The farthest corner of the box in the kernel's four coordinates is reached.
      let values = moved.perturbed[i].floats
      #expect(values[2...].allSatisfy { $0 == 0 || $0 == 1 })
    }
  }

  /// For Φ(x) = a x the condition ‖x − a x′‖ ≤ ‖x − a x‖ is the ball around x/a of radius (1 − a)‖x‖/a. x lies on its
  /// surface, so the farthest example is the opposite point, (2/a − 1) x. The ball lies within [0, 1] here: at the box's faces
  /// there would be other maxima, in which a search may end.
  @Test func onAScaledIdentityTheFarthestPointOfTheBallIsReached() throws {
    let d = 3, a = 0.8, rows = 20
    let x = Tensor(RandomStream(seed: 3, purpose: .augmentation).uniform(rows * d), [rows, d]) * 0.15 + 0.4
    let attack = Attack(
      criterion: KeepsReconstruction { $0 * a }, similarity: Distance(),
      solver: Switching(start: .noise(sigma: 0.05), alpha: 0.1, iterations: 400), seed: 2)
    let result = try attack.run(x, range: 0..<rows, threads: 1)
    #expect(result.successRate == 1)
    let norms = x.sampleNorms().doubles
    let centre = x * (1 / a)
    for (i, radius) in norms.map({ (1 - a) * $0 / a }).enumerated() {
      let y = result.perturbed[i]
      #expect((y - centre[i]).unsqueezed(0).sampleNorms().item <= radius * (1 + 1e-5), "outside the ball")
      let reached = (y - x[i]).unsqueezed(0).sampleNorms().item
      #expect(reached <= 2 * radius * (1 + 1e-5))
      #expect(reached > 0.98 * 2 * radius, "\(reached) of \(2 * radius)")
    }
  }

  /// For Φ(x) = W x the feasible set is an ellipsoid, δᵀWᵀW δ ≤ 2 δᵀWᵀ(x − W x) with δ = x′ − x, in Double.
  @Test func onALinearAutoencoderEverySuccessLiesInTheQuadric() throws {
    let d = 8, rows = 64
    let w = RandomStream(seed: 5, purpose: .augmentation).normal(d * d).map { Double($0) * 0.3 }
    let matrix = Tensor(w, [d, d]).to(.float32)
    let x = Tensor(RandomStream(seed: 6, purpose: .augmentation).uniform(rows * d), [rows, d])
    let attack = Attack(
      criterion: KeepsReconstruction { linear($0, matrix) }, similarity: Distance(),
      solver: Switching(start: .noise(sigma: 0.3), alpha: 0.3, iterations: 60), seed: 2)
    let result = try attack.run(x, range: 0..<rows, threads: 1)
    #expect(result.successRate > 0.9)
    func times(_ v: [Double]) -> [Double] {
      (0..<d).map { row in (0..<d).reduce(0) { $0 + w[row * d + $1] * v[$1] } }
    }
    for i in 0..<rows where result.status[i] == .succeeded {
      let sample = x[i].floats.map(Double.init), y = result.perturbed[i].floats.map(Double.init)
      let image = times(zip(y, sample).map(-))
      let residual = zip(sample, times(sample)).map(-)
      let quadratic = image.reduce(0) { $0 + $1 * $1 }
      let cross = zip(image, residual).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(quadratic - 2 * cross <= 1e-5)
    }
  }

  /// −Σ over the kernel's coordinates of |x′ − ½|: pushes them to the box's faces and leaves the others alone.
  struct KernelDistance: Similarity {
    let bytesPerSample = 0
    func bind(_ tile: Tile) -> any BoundSimilarity { Bound() }
    struct Bound: BoundSimilarity {
      let closedForm: ClosedForm? = nil
      func evaluate(_ z: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
        let mask = Tensor([Float(0), 0, 1, 1, 1, 1], [1, 6])
        let centred = (z - 0.5) * mask
        return (-centred.abs().sum(1), -centred.sign())
      }
    }
  }
}
