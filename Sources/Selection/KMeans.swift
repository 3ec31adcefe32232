import Torch

/// Clusters of points: Lloyd's iterations from k-means++ starts (Arthur, Vassilvitskii 2007), the best of several.
struct KMeans {
  private(set) var centres: [[Double]] = []
  /// The sum of squared distances of all points to their centres.
  private(set) var inertia = Double.infinity

  static let starts = 10
  static let iterations = 300

  /// - Parameter count: from 1 to the number of points.
  init(_ points: [[Double]], count: Int, seed: UInt64) {
    for start in 0..<Self.starts {
      let draws = RandomStream(seed: seed, purpose: .clusters, index: start).uniform(2 * count)
      let (found, sum) = Self.settled(Self.spread(points, count, draws), points)
      if sum < inertia { (centres, inertia) = (found, sum) }
    }
  }

  static func distance(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += (a[i] - b[i]) * (a[i] - b[i]) }
    return sum
  }

  /// Points as first centres, each drawn with a chance that grows with the square of its distance to those before.
  private static func spread(_ points: [[Double]], _ count: Int, _ draws: [Float]) -> [[Double]] {
    var centres = [points[Int(Double(draws[0]) * Double(points.count))]]
    var nearest = points.map { distance($0, centres[0]) }
    while centres.count < count {
      var aim = Double(draws[centres.count]) * nearest.reduce(0, +)
      let chosen =
        nearest.indices.first { index in
          aim -= nearest[index]
          return aim < 0
        } ?? nearest.count - 1
      centres.append(points[chosen])
      for i in points.indices { nearest[i] = min(nearest[i], distance(points[i], points[chosen])) }
    }
    return centres
  }

  private static func settled(_ first: [[Double]], _ points: [[Double]]) -> ([[Double]], Double) {
    var centres = first
    var owners = [Int](repeating: -1, count: points.count)
    var distances = [Double](repeating: 0, count: points.count)
    for _ in 0..<iterations {
      var isChanged = false
      for (i, point) in points.enumerated() {
        var best = 0
        var smallest = Double.infinity
        for (c, centre) in centres.enumerated() {
          let d = distance(point, centre)
          if d < smallest { (best, smallest) = (c, d) }
        }
        isChanged = isChanged || owners[i] != best
        (owners[i], distances[i]) = (best, smallest)
      }
      guard isChanged else { break }
      move(&centres, points, owners, &distances)
    }
    return (centres, distances.reduce(0, +))
  }

  /// Each centre becomes the mean of its points; one without any takes the point that is farthest from its own.
  private static func move(
    _ centres: inout [[Double]], _ points: [[Double]], _ owners: [Int], _ distances: inout [Double]
  ) {
    var counts = [Int](repeating: 0, count: centres.count)
    var sums = centres.map { [Double](repeating: 0, count: $0.count) }
    for (i, owner) in owners.enumerated() {
      counts[owner] += 1
      for j in points[i].indices { sums[owner][j] += points[i][j] }
    }
    for c in centres.indices {
      if counts[c] > 0 {
        centres[c] = sums[c].map { $0 / Double(counts[c]) }
      } else if let far = distances.indices.max(by: { distances[$0] < distances[$1] }) {
        centres[c] = points[far]
        distances[far] = 0
      }
    }
  }
}
