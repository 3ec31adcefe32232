import Foundation

/// The smallest step onto a hyperplane that stays in [0, 1], for one row on the host.
package enum BoxProjection {
  /// As the other, of arrays.
  package static func step(
    from t: [Float], w: [Float], need: Double, norm: Norm, isFree: [Float]? = nil
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: t.count) { d, count in
      t.withUnsafeBufferPointer { t in
        w.withUnsafeBufferPointer { w in
          if let isFree {
            isFree.withUnsafeBufferPointer {
              step(from: t, w: w, need: need, norm: norm, isFree: $0, into: d)
            }
          } else {
            step(from: t, w: w, need: need, norm: norm, isFree: nil, into: d)
          }
        }
      }
      count = t.count
    }
  }

  /// d with w · (t + d) = b and 0 ≤ t + d ≤ 1 of the least norm; where no point of the box is on the plane, the step to the
  /// corner nearest to it.
  ///
  /// Every value moves with the speed of its norm's steepest direction until it meets the box, so w · d grows piecewise
  /// linearly: the pieces are gone through in order.
  ///
  /// - Parameters:
  ///   - w: the plane's normal.
  ///   - need: b − w · t.
  ///   - isFree: whether each value may move; nil where all may.
  static func step(
    from t: UnsafeBufferPointer<Float>, w: UnsafeBufferPointer<Float>, need: Double, norm: Norm,
    isFree: UnsafeBufferPointer<Float>?, into d: UnsafeMutableBufferPointer<Float>
  ) {
    let sign: Float = need >= 0 ? 1 : -1
    let wanted = abs(need)
    // The room of each value in its direction, and the multiplier λ at which it is used up.
    var ends: [(lambda: Float, index: Int32)] = []
    ends.reserveCapacity(w.count)
    var slope = 0.0
    for i in 0..<w.count {
      d[i] = 0
      guard w[i] != 0, isFree.map({ $0[i] > 0 }) ?? true else { continue }
      let room = w[i] * sign > 0 ? 1 - t[i] : t[i]
      let speed = norm == .linf ? 1 : abs(w[i])
      ends.append((room / speed, Int32(i)))
      slope += Double(speed * abs(w[i]))
    }
    ends.sort { $0.lambda < $1.lambda }
    var reached = 0.0, lambda = 0.0
    for (end, index) in ends {
      let gain = slope * (Double(end) - lambda)
      if reached + gain >= wanted { break }
      reached += gain
      lambda = Double(end)
      let weight = abs(w[Int(index)])
      slope -= Double((norm == .linf ? 1 : weight) * weight)
    }
    if slope > 1e-12, reached < wanted { lambda += (wanted - reached) / slope }
    for (end, index) in ends {
      let i = Int(index)
      let speed = norm == .linf ? 1 : abs(w[i])
      d[i] = min(Float(lambda), end) * speed * (w[i] * sign > 0 ? 1 : -1)
    }
  }
}
