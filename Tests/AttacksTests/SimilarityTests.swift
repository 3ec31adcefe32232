import Attacks
import Foundation
import Models
import MutualInformation
import Testing
import Torch

@Suite struct ExactInformationTests {
  func information(_ x: [Double], _ y: [Double], d: Int = 1) -> (value: Double, gradient: [Double]) {
    let result = GaussianInformation(Tensor(x, [1, x.count]), dimensions: d).valuesAndGradient(
      Tensor(y, [1, y.count]))
    return (result.values.item, result.gradient.doubles)
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func valueAndGradientAreThoseOfTheFormula(_ seed: UInt64) {
    let random = RandomStream(seed: seed, purpose: .augmentation)
    let x = random.normal(7).map(Double.init), y = random.normal(7, position: 50).map(Double.init)
    func formula(_ y: [Double]) -> Double {
      let xy = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
      let xx = x.reduce(0) { $0 + $1 * $1 }, yy = y.reduce(0) { $0 + $1 * $1 }
      return -1.5 * log(1 - xy * xy / (xx * yy))
    }
    let (value, gradient) = information(x, y, d: 3)
    #expect(abs(value - formula(y)) < 1e-10)
    for i in y.indices {
      var up = y, down = y
      up[i] += 1e-6
      down[i] -= 1e-6
      #expect(abs((formula(up) - formula(down)) / 2e-6 - gradient[i]) < 1e-6)
    }
  }

  @Test func theGradientIsThatOfAutograd() throws {
    let random = RandomStream(seed: 8, purpose: .augmentation)
    let x = Tensor(random.uniform(5 * 12), [5, 12]),
      y = Tensor(random.uniform(5 * 12, position: 99), [5, 12])
    let leaf = y.requiringGrad()
    let cosine = (x * leaf).sum(1) / (x.sampleNorms() * leaf.sampleNorms())
    let value = ((1 - cosine.square()).log() * -2.0).sum()
    let expected = try #require(try grad(value, [leaf])[0]).floats
    let got = GaussianInformation(x, dimensions: 4).valuesAndGradient(y).gradient.floats
    #expect(zip(expected, got).allSatisfy { abs($0 - $1) < 1e-3 * (1 + abs($0)) })
  }

  @Test func nearlyParallelVectorsKeepTheirDigits() {
    // x′ = x + s·u with u ⟂ x, ‖u‖ = ‖x‖: 1 − cos² = s²/(1 + s²), which float32 cosines cannot tell from 0.
    for s in [1e-2, 1e-3, 1e-4] as [Float] {
      let x = Tensor([Float(3), 4, 0, 0], [1, 4]), y = Tensor([3, 4, 5 * s, 0], [1, 4])
      let (values, gradient) = GaussianInformation(x).valuesAndGradient(y)
      let expected = -0.5 * log(Double(s * s) / (1 + Double(s * s)))
      #expect(abs(values.item / expected - 1) < 1e-3)
      #expect(gradient.isFinite.bools.allSatisfy { $0 })
    }
    let same = GaussianInformation(Tensor([Float(1), 2], [1, 2])).valuesAndGradient(
      Tensor([Float(1), 2], [1, 2]))
    #expect(same.values.item.isFinite && same.values.item > 10)
    #expect(same.gradient.isFinite.bools.allSatisfy { $0 })
  }

  /// Information depends on directions: ∇I ⟂ x′ and ‖∇I‖ = d′ |cot θ| / ‖x′‖; d′ is a factor.
  @Test(arguments: [0.01, 0.3, 1.2]) func theGradientTurnsAndDoesNotStretch(_ angle: Double) {
    let x = [2.0, 0, 0], y = [3 * cos(angle), 3 * sin(angle), 0]
    let (value, gradient) = information(x, y, d: 5)
    #expect(abs(zip(gradient, y).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-9 / angle)
    let length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(length * 3 / (5 * cos(angle) / sin(angle)) - 1) < 1e-9)
    let one = information(x, y)
    #expect(abs(value - 5 * one.value) < 1e-12)
    #expect(zip(gradient, one.gradient).allSatisfy { abs($0 - 5 * $1) < 1e-9 / angle })
  }

  @Test func zeroVectorsCarryNoInformation() {
    for (x, y) in [([0.0, 0], [1.0, 2]), ([1, 2], [0, 0]), ([0, 0], [0, 0])] {
      let (value, gradient) = information(x, y)
      #expect(value == 0)
      #expect(gradient == [0, 0])
    }
    #expect(abs(information([1, 0], [0, 5]).value) < 1e-12, "orthogonal vectors share nothing")
  }

  /// (m·x, m·x′) for Gaussian m has the correlation cos(x, x′); its information by the sample correlation of 200,000
  /// draws must be the closed form's within the sampling error.
  @Test func simulationAgrees() {
    let x = [0.9, 0.1, 0.4], y = [0.7, 0.5, 0.1], n = 200_000
    let m = RandomStream(seed: 4, purpose: .projection).normal(3 * n).map(Double.init)
    var uv = 0.0, uu = 0.0, vv = 0.0
    for i in 0..<n {
      let u = (0..<3).reduce(0.0) { $0 + m[3 * i + $1] * x[$1] },
        v = (0..<3).reduce(0.0) { $0 + m[3 * i + $1] * y[$1] }
      uv += u * v
      uu += u * u
      vv += v * v
    }
    let rho2 = uv * uv / (uu * vv)
    #expect(abs(-0.5 * log(1 - rho2) - information(x, y).value) < 0.01)
  }
}

@Suite struct DistanceTests {
  @Test func itIsTheNegativeDistanceWithItsGradient() throws {
    let set = Tensor([Float(0.1), 0.2, 0.3, 0.4], [1, 4])
    var bound = Distance().bind(Tile(set, number: 0, size: 2, range: 0..<1, seed: 1))
    let y = Tensor([Float(0.1), 0.5, 0.3, 0.8, 0, 0, 0, 0], [2, 4])
    let (values, gradient) = try bound.evaluate(y, iteration: 0)
    #expect(abs(values.floats[0] + 0.5) < 1e-6)
    #expect(zip(gradient[0].floats, [0, -0.6, 0, -0.8]).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(gradient[1].floats == [0, 0, 0, 0])
  }
}

@Suite struct MeasuresOfDistanceTests {
  /// Every similarity that looks at x and x′ alone has the gradient of its value.
  @Test(arguments: ["l2", "linf", "ssim"])
  func gradientsAreThoseOfFiniteDifferences(_ name: String) throws {
    let random = RandomStream(seed: 4, purpose: .augmentation)
    let x = Tensor(random.uniform(2 * 64), [2, 1, 8, 8]),
      y = Tensor(random.uniform(2 * 64, position: 99), [2, 1, 8, 8])
    let similarity = try Similarities.make(
      Choice(name), on: Blank(sampleShape: [1, 8, 8]), samples: x, seed: 1)
    let tile = Tile(x, number: 0, size: 2, range: 0..<2, seed: 1)
    func value(_ y: [Float]) throws -> [Double] {
      var bound = try similarity.bind(tile)
      return try bound.evaluate(Tensor(y, x.shape), iteration: 0).values.doubles
    }
    var bound = try similarity.bind(tile)
    let gradient = try bound.evaluate(y, iteration: 0).gradient.floats
    let values = y.floats
    for place in [3, 40, 70, 127] {
      var up = values, down = values
      up[place] += 0.01
      down[place] -= 0.01
      let slope = (try value(up)[place / 64] - value(down)[place / 64]) / 0.02
      #expect(abs(slope - Double(gradient[place])) < 2e-3 + 0.02 * abs(slope), "\(name), \(place)")
    }
  }

  @Test func everyExampleIsMeasuredByAll() throws {
    let x = Tensor([Float](repeating: 0.5, count: 64) + [Float](repeating: 0.2, count: 64), [2, 1, 8, 8])
    let delta = [Float](repeating: 0, count: 63) + [0.3] + [Float](repeating: 0.1, count: 64)
    let found = ExampleDistances(x, x + Tensor(delta, [2, 1, 8, 8]))
    #expect(zip(found.l2, [0.3, 0.8]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(zip(found.linf, [0.3, 0.1]).allSatisfy { abs($0 - $1) < 1e-6 })
    // The second differs in contrast alone, to which the information is blind.
    #expect(found.information[1] > 5 && found.information[0] < 5)
    let ssim = try #require(found.ssim)
    let luminance = (2 * 0.2 * 0.3 + 1e-4) / (0.2 * 0.2 + 0.3 * 0.3 + 1e-4)
    #expect(abs(Double(ssim[1]) - luminance) < 1e-5)
    #expect(ExampleDistances(x.flattened(), x.flattened()).ssim == nil)
    #expect(ExampleDistances(x, x).means(over: [0, 1])["l2"] == 0)
  }

  @Test func structureIsForImages() {
    #expect(throws: RecipeError.self) {
      try Similarities.make(
        Choice("ssim"), on: Blank(sampleShape: [12]), samples: Tensor.zeros([1, 12], device: .cpu), seed: 1)
    }
  }

  /// A model that nothing is asked of.
  struct Blank: Model {
    let name = "blank"
    let sampleShape: [Int]
    let outputs: Set<Output> = []
    let device = Device.cpu
    func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor { x }
    func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? { nil }
    func digest() throws -> String { name }
  }
}
