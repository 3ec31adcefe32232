import Foundation
import Torch

/// Per-sample MINE for one sample as one would write it from the formulas: double precision, nested loops, every
/// gradient by the chain rule term by term. Shares nothing with the library but the keyed random streams.
struct LiteralMINE {
  let K, D, H: Int
  var wx, wy: [[Double]]
  var b, v: [Double]
  private var m: [Double], s: [Double]
  private var steps = 0
  let rate: Double
  let seed: UInt64, index: Int

  init(K: Int, D: Int, H: Int, rate: Double, seed: UInt64, index: Int) {
    (self.K, self.D, self.H, self.rate, self.seed, self.index) = (K, D, H, rate, seed, index)
    let draws = RandomStream(seed: seed, purpose: .mineParameters, index: index)
      .uniform(2 * H * D + 2 * H).map { 2 * Double($0) - 1 }
    let inner = 1 / Double(D).squareRoot(), outer = 1 / Double(H).squareRoot()
    wx = (0..<H).map { h in draws[(h * D)..<((h + 1) * D)].map { $0 * inner } }
    wy = (0..<H).map { h in draws[((H + h) * D)..<((H + h + 1) * D)].map { $0 * inner } }
    b = draws[(2 * H * D)..<(2 * H * D + H)].map { $0 * inner }
    v = draws[(2 * H * D + H)...].map { $0 * outer }
    m = [Double](repeating: 0, count: 2 * H * D + 2 * H)
    s = m
  }

  private func permutation(_ purpose: RandomStream.Purpose, _ number: Int) -> [Int] {
    RandomStream(seed: seed, purpose: purpose, index: index)
      .permutation(K, position: UInt64(number * ((K + 3) / 4)))
  }

  private func hidden(_ x: [Double], _ y: [Double]) -> [Double] {
    (0..<H).map { h in
      var sum = b[h]
      for d in 0..<D { sum += wx[h][d] * x[d] + wy[h][d] * y[d] }
      return sum
    }
  }
  private func T(_ x: [Double], _ y: [Double]) -> Double {
    zip(v, hidden(x, y)).reduce(0) { $0 + $1.0 * max($1.1, 0) }
  }

  /// The bound with the permutation of the evaluation after the steps taken so far.
  func evaluate(_ x: [[Double]], _ y: [[Double]]) -> Double {
    bound(x, y, permutation(.mineEvaluation, steps))
  }

  private func bound(_ x: [[Double]], _ y: [[Double]], _ p: [Int]) -> Double {
    let joint = (0..<K).reduce(0.0) { $0 + T(x[$1], y[$1]) } / Double(K)
    return joint - log((0..<K).reduce(0.0) { $0 + exp(T(x[$1], y[p[$1]])) } / Double(K))
  }

  /// Calls `body(weight, pair)` for each of the 2K pairs with the derivative of the bound by T of that pair.
  private func forEachPair(_ x: [[Double]], _ y: [[Double]], _ p: [Int], _ body: (Double, Int, Int) -> Void) {
    let e = (0..<K).map { exp(T(x[$0], y[p[$0]])) }
    let total = e.reduce(0, +)
    for k in 0..<K {
      body(1 / Double(K), k, k)
      body(-e[k] / total, k, p[k])
    }
  }

  mutating func train(_ x: [[Double]], _ y: [[Double]], steps count: Int) {
    for _ in 0..<count {
      var g = [Double](repeating: 0, count: m.count)
      forEachPair(x, y, permutation(.mineTraining, steps)) { weight, i, j in
        for (h, a) in hidden(x[i], y[j]).enumerated() where a > 0 {
          for d in 0..<D {
            g[h * D + d] += weight * v[h] * x[i][d]
            g[(H + h) * D + d] += weight * v[h] * y[j][d]
          }
          g[2 * H * D + h] += weight * v[h]
          g[2 * H * D + H + h] += weight * a
        }
      }
      steps += 1
      let (c1, c2) = (1 - pow(0.9, Double(steps)), 1 - pow(0.999, Double(steps)))
      let change = g.indices.map { i in
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        s[i] = 0.999 * s[i] + 0.001 * g[i] * g[i]
        return rate * (m[i] / c1) / ((s[i] / c2).squareRoot() + 1e-8)
      }
      for h in 0..<H {
        for d in 0..<D {
          wx[h][d] += change[h * D + d]
          wy[h][d] += change[(H + h) * D + d]
        }
        b[h] += change[2 * H * D + h]
        v[h] += change[2 * H * D + H + h]
      }
    }
  }

  /// ∂(bound)/∂y `[K][D]` of ``evaluate(_:_:)``.
  func gradient(_ x: [[Double]], _ y: [[Double]]) -> [[Double]] {
    var g = [[Double]](repeating: [Double](repeating: 0, count: D), count: K)
    forEachPair(x, y, permutation(.mineEvaluation, steps)) { weight, i, j in
      for (h, a) in hidden(x[i], y[j]).enumerated() where a > 0 {
        for d in 0..<D { g[j][d] += weight * v[h] * wy[h][d] }
      }
    }
    return g
  }
}
