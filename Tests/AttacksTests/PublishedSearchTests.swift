import Attacks
import Foundation
import Testing
import Torch

/// The published code's arithmetic against a literal one-sample reference in plain Double loops: two classes by a linear model,
/// and a likeness whose gradient is written out by hand.
@Suite struct PublishedSearchTests {
  private static let size = 4
  private static let limit = (6.0 / 5).squareRoot()

  /// I(x′) = −‖x′ − x‖², which the searches make large.
  private struct Likeness: Similarity {
    let bytesPerSample = 0
    func bind(_ tile: Tile) -> any BoundSimilarity { Bound(x: tile.originals) }
    struct Bound: BoundSimilarity {
      let closedForm: ClosedForm? = nil
      let x: Tensor
      func evaluate(_ z: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
        ((z - x).square().sum(1), (z - x) * 2)
      }
    }
  }

  private struct Reference {
    let x: [Double], start: [Double], weights: [Double], bias: Double

    struct Found {
      var image: [Double]?
      var reading = -Double.infinity
      var f: [Double] = []
      var c: [Double] = []
    }

    private func image(_ delta: [Double]) -> [Double] { zip(x, delta).map { min(max($0 + $1, 0), 1) } }
    /// The margin of x's class over the other.
    private func f(_ z: [Double]) -> Double { zip(z, weights).reduce(bias) { $0 + $1.0 * $1.1 } }
    private func information(_ z: [Double]) -> Double {
      -zip(z, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    private func slope(_ delta: [Double], _ c: Double) -> [Double] {
      let z = image(delta), active = f(z) > 0 ? c : 0
      return x.indices.map { i in
        0...1 ~= x[i] + delta[i] ? active * weights[i] + 2 * (z[i] - x[i]) : 0
      }
    }

    func minMax(_ iterations: Int) -> Found {
      var found = Found(), delta = start, c = 1e-3
      for t in 0..<iterations {
        let gradient = slope(delta, c), before = image(delta)
        delta = zip(delta, gradient).map { min(max($0 - 0.01 * $1, -1), 1) }
        let reading = information(image(delta))
        let value = f(before)
        c = (1 - 0.1 / pow(Double(t + 1), 0.25)) * c + 0.1 * max(0, value)
        if value <= 0, reading > found.reading { (found.image, found.reading) = (before, reading) }
        found.f.append(value)
        found.c.append(c)
      }
      return found
    }

    func penalty(_ iterations: Int, searches: Int) -> Found {
      var found = Found(), c = 1e-3, low = 0.0, high = Double.infinity
      for _ in 0..<searches {
        var delta = start, met = false
        var first = [Double](repeating: 0, count: x.count), second = first, steps = 0.0
        for _ in 0..<iterations {
          let gradient = slope(delta, c), before = image(delta)
          delta = zip(delta, gradient).map { min(max($0 - 0.01 * $1, -1), 1) }
          var reading = 0.0
          for _ in 0..<20 {
            reading = information(image(delta))
            let gradient = slope(delta, 0)
            steps += 1
            for i in x.indices {
              first[i] = 0.9 * first[i] + 0.1 * gradient[i]
              second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
              let root = (second[i] / (1 - pow(0.999, steps))).squareRoot() + 1e-8
              delta[i] -= 2e-5 * first[i] / (1 - pow(0.9, steps)) / root
            }
          }
          let value = f(before)
          if value <= 0 {
            met = true
            if reading > found.reading { (found.image, found.reading) = (before, reading) }
          }
          found.f.append(value)
        }
        if met { high = min(high, c) } else { low = max(low, c) }
        c = high.isFinite ? (low + high) / 2 : c * 10
      }
      return found
    }
  }

  /// Rows, the first of them with values at the edges of [0, 1], and what the published code would begin at.
  private func problem(_ seed: UInt64) -> (x: [Double], start: [Double], weights: [Double], bias: Double) {
    let count = 6 * Self.size, random = RandomStream(seed: seed, purpose: .augmentation)
    var x = random.uniform(count).map(Double.init)
    x[0] = 0
    x[1] = 1
    let start = (0..<6).flatMap { row in
      RandomStream(seed: 1, purpose: .start, index: row).uniform(Self.size).map {
        (2 * Double($0) - 1) * Self.limit
      }
    }
    return (x, start, [2.0, -1.5, 1, 0.5], 0.4)
  }

  @Test(arguments: [PublishedSearch.Method.minmax, .penalty], [UInt64(1), 2, 3])
  func itIsThePublishedCodeToTheLetter(_ method: PublishedSearch.Method, _ seed: UInt64) throws {
    let (x, start, weights, bias) = problem(seed)
    let set = Tensor(x, [6, Self.size]).to(.float32)
    // The logits are 0 and the margin, so that class 1 is x's where the margin is positive.
    let w = Tensor(weights, [1, Self.size]).to(.float32)
    let attack = Attack(
      criterion: Misclassification(labels: [Int](repeating: 1, count: 6)) { z in
        let margin = linear(z, w) + bias
        return concatenated([margin * 0.0, margin], 1)
      }, similarity: Likeness(),
      solver: PublishedSearch(method, iterations: 40, searches: 6, recordsTrace: true), seed: 1)
    let result = try attack.run(set, range: 0..<6, threads: 1)
    var successes = 0, compared = 0
    for row in 0..<6 {
      let range = row * Self.size..<(row + 1) * Self.size
      let reference = Reference(
        x: Array(x[range]), start: Array(start[range]), weights: weights, bias: bias)
      let expected = method == .minmax ? reference.minMax(40) : reference.penalty(40, searches: 6)
      // At f = 0 a float's rounding decides which way the next step goes.
      guard expected.f.allSatisfy({ abs($0) > 1e-5 }) else { continue }
      compared += 1
      #expect((result.status[row] == .succeeded) == (expected.image != nil))
      for (t, f) in expected.f.enumerated() {
        #expect(abs(Double(result.traces[0].criterion[t][row]) - f) < 1e-4, "\(method), \(t)")
      }
      for (t, c) in expected.c.enumerated() {
        #expect(abs(Double(result.traces[0].multiplier[t][row]) - c) < 1e-5)
      }
      guard let image = expected.image else { continue }
      successes += 1
      #expect(zip(result.perturbed[row].doubles, image).allSatisfy { abs($0 - $1) < 1e-4 })
      #expect(abs(Double(result.similarity[row]) + expected.reading) < 1e-4)
    }
    #expect(successes > 0 && compared > 3)
  }

  /// A value of δ that leads outside [0, 1] has no gradient and never moves, unlike in Algorithm 1.
  @Test func aPixelThatBeginsOutsideStaysWhereItIs() throws {
    let set = Tensor([Float](repeating: 0, count: 3 * Self.size), [3, Self.size])
    let w = Tensor([Float(-3), -3, -3, -3], [1, Self.size])
    let attack = Attack(
      criterion: Misclassification(labels: [1, 1, 1]) { z in
        let margin = linear(z, w) + 2.0
        return concatenated([margin * 0.0, margin], 1)
      }, similarity: Likeness(), solver: PublishedSearch(.minmax, iterations: 200, searches: 1), seed: 4)
    let result = try attack.run(set, range: 0..<3, threads: 1)
    for row in 0..<3 where result.status[row] == .succeeded {
      let drawn = RandomStream(seed: 4, purpose: .start, index: row).uniform(Self.size)
      for (value, uniform) in zip(result.perturbed[row].floats, drawn) where uniform < 0.5 {
        #expect(value == 0)
      }
    }
    #expect(result.status.contains(.succeeded))
  }

  /// A trace has the samples that were solved alone, whatever they were solved together with.
  @Test func tracesAreOfTheSamplesAlone() throws {
    let set = Tensor(RandomStream(seed: 2, purpose: .augmentation).uniform(70 * Self.size), [70, Self.size])
    let w = Tensor([Float(1), -1, 1, -1], [1, Self.size])
    let attack = Attack(
      criterion: Misclassification(labels: [Int](repeating: 1, count: 70)) { z in
        let margin = linear(z, w)
        return concatenated([margin * 0.0, margin], 1)
      }, similarity: Likeness(), solver: MinMax(iterations: 3, recordsTrace: true), seed: 1)
    let whole = try attack.run(set, range: 0..<70, threads: 1)
    #expect(whole.traces.map { $0.criterion[0].count } == [64, 6])
    let part = try attack.run(set, range: 60..<66, threads: 1)
    #expect(
      part.traces.flatMap { $0.stationarity[2] }
        == Array(whole.traces.flatMap { $0.stationarity[2] }[60..<66]))
  }
}
