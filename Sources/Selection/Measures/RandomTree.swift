/// One extremely randomised tree.
struct RandomTree: Sendable {
  /// A split: samples with `value ≤ threshold` go to `left`, others to the next node but those of `left`'s subtree, `right`.
  private struct Node: Sendable {
    var feature = -1
    var threshold: Float = 0
    var left = 0
    var right = 0
    /// Of a leaf: where its classes' shares begin.
    var shares = 0
  }

  private var nodes: [Node] = []
  private var shares: [Float] = []
  private let classes: Int

  /// - Parameter values: `[k, n]`, a feature after the other.
  init(_ values: [Float], labels: [Int], classes: Int, draws: DrawnNumbers) {
    self.classes = classes
    let features = labels.isEmpty ? 0 : values.count / labels.count
    let tried = max(1, Int(Double(features).squareRoot()))
    var growth = Growth(
      features: features, tried: tried, labels: labels, classes: classes, draws: draws)
    var order = Array(labels.indices)
    // Nodes that wait for their split, with the samples that they hold.
    nodes.append(Node())
    var open = [(node: 0, range: 0..<labels.count)]
    values.withUnsafeBufferPointer { values in
      while let (node, range) = open.popLast() {
        let counts = growth.counts(order[range])
        guard counts.count(where: { $0 > 0 }) > 1,
          let split = growth.split(values, order[range], counts)
        else {
          nodes[node].shares = shares.count
          shares += counts.map { Float($0) / Float(max(1, range.count)) }
          continue
        }
        let n = labels.count
        let middle = order[range].partition { values[split.feature * n + $0] > split.threshold }
        nodes[node].feature = split.feature
        nodes[node].threshold = split.threshold
        nodes[node].left = nodes.count
        nodes[node].right = nodes.count + 1
        open.append((nodes.count, range.lowerBound..<middle))
        open.append((nodes.count + 1, middle..<range.upperBound))
        nodes += [Node(), Node()]
      }
    }
  }

  /// Adds the shares of the classes in the sample's leaf.
  func addVotes(of sample: ArraySlice<Float>, to votes: inout [Float]) {
    var node = nodes[0]
    while node.feature >= 0 {
      node = nodes[sample[sample.startIndex + node.feature] <= node.threshold ? node.left : node.right]
    }
    for c in 0..<classes { votes[c] += shares[node.shares + c] }
  }
}

/// What a tree draws and counts as it grows.
private struct Growth {
  let features: Int
  let tried: Int
  let labels: [Int]
  let classes: Int
  var draws: DrawnNumbers

  func counts(_ rows: ArraySlice<Int>) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for row in rows { counts[labels[row]] += 1 }
    return counts
  }

  /// The best of the random splits; nil where every feature is constant among the rows.
  mutating func split(
    _ values: UnsafeBufferPointer<Float>, _ rows: ArraySlice<Int>, _ counts: [Int]
  ) -> (feature: Int, threshold: Float)? {
    var left = Array(0..<features)
    var best: (feature: Int, threshold: Float)?
    var bestScore = -Double.infinity
    var visited = 0
    while visited < tried, !left.isEmpty {
      let place = draws.below(left.count)
      let feature = left[place]
      left.swapAt(place, left.count - 1)
      left.removeLast()
      let base = feature * labels.count
      var (low, high) = (Float.infinity, -Float.infinity)
      for row in rows {
        let value = values[base + row]
        low = min(low, value)
        high = max(high, value)
      }
      guard low < high else { continue }
      visited += 1
      var threshold = low + draws.next() * (high - low)
      if threshold >= high { threshold = low }
      let score = purity(values, base, rows, threshold, counts)
      if score > bestScore { (best, bestScore) = ((feature, threshold), score) }
    }
    return best
  }

  /// Σ of squared counts over the number of samples, on both sides: the larger, the less impure by Gini's measure.
  private func purity(
    _ values: UnsafeBufferPointer<Float>, _ base: Int, _ rows: ArraySlice<Int>, _ threshold: Float,
    _ counts: [Int]
  ) -> Double {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: classes) { left in
      left.initialize(repeating: 0)
      var size = 0
      for row in rows where values[base + row] <= threshold {
        left[labels[row]] += 1
        size += 1
      }
      var (own, other) = (0, 0)
      for c in 0..<classes {
        own += left[c] * left[c]
        other += (counts[c] - left[c]) * (counts[c] - left[c])
      }
      return Double(own) / Double(size) + Double(other) / Double(rows.count - size)
    }
  }
}
