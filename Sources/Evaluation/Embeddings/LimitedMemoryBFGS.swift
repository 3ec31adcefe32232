import Torch

/// The smallest value of a smooth convex function, by limited-memory BFGS with backtracking (Nocedal and Wright 2006, chapters 3
/// and 7), in double precision.
struct LimitedMemoryBFGS {
  /// How many steps back it remembers.
  var memory = 10
  var iterations = 500
  /// It stops where no element of the gradient is larger.
  var tolerance = 1e-6

  /// - Parameters:
  ///   - start: `[n]`, float64.
  ///   - function: the value at a point, differentiable.
  func minimum(from start: Tensor, of function: (Tensor) -> Tensor) throws -> Tensor {
    func evaluated(_ x: Tensor) throws -> (value: Double, gradient: Tensor) {
      let leaf = x.requiringGrad()
      let value = withGrad { function(leaf) }
      return (value.item, try gradOrZeros(value, [leaf])[0])
    }
    func product(_ a: Tensor, _ b: Tensor) -> Double { (a * b).sum().item }
    var x = start
    var (value, gradient) = try evaluated(x)
    var pairs: [(step: Tensor, change: Tensor, curvature: Double)] = []
    for _ in 0..<iterations {
      if gradient.abs().max(0).item <= tolerance { break }
      var direction = gradient
      var shares: [Double] = []
      for pair in pairs.reversed() {
        let share = product(pair.step, direction) / pair.curvature
        shares.append(share)
        direction = direction - pair.change * share
      }
      if let last = pairs.last {
        direction = direction * (last.curvature / product(last.change, last.change))
      }
      for (pair, share) in zip(pairs, shares.reversed()) {
        direction = direction + pair.step * (share - product(pair.change, direction) / pair.curvature)
      }
      let slope = -product(gradient, direction)
      var length = pairs.isEmpty ? min(1, 1 / gradient.abs().sum().item) : 1.0
      var next = try evaluated(x - direction * length)
      // Armijo's condition; where no length meets it, rounding is all that is left.
      while next.value > value + 1e-4 * length * slope, length > 1e-12 {
        length /= 2
        next = try evaluated(x - direction * length)
      }
      guard length > 1e-12 else { break }
      let step = direction * -length, change = next.gradient - gradient
      let curvature = product(step, change)
      if curvature > 0 {
        pairs.append((step, change, curvature))
        if pairs.count > memory { pairs.removeFirst() }
      }
      x = x + step
      (value, gradient) = next
    }
    return x
  }
}
