import Torch

/// Greedy column subset selection: one feature after another, each the one with which a linear reconstruction of all
/// features gains most, in closed form from the covariance (Farahat, Ghodsi, Kamel 2013).
enum ColumnSubset {
  /// k places in the order in which they were taken. Where fewer features explain everything, others that vary fill up.
  static func greedy(_ moments: FeatureMoments, count: Int) -> [Int] {
    var search = ColumnSearch(moments)
    var chosen: [Int] = []
    while chosen.count < count, let best = search.best() {
      search.take(best.feature)
      chosen.append(best.feature)
    }
    let rest = moments.varying.filter { !search.taken.contains($0) }
    return chosen + rest.prefix(count - chosen.count)
  }

  /// The places of a set in the order in which the greedy selection would take them.
  static func ranked(_ features: [Int], _ moments: FeatureMoments) -> [Int] {
    var search = ColumnSearch(moments)
    var left = features.sorted()
    var order: [Int] = []
    while !left.isEmpty {
      let gains = left.map(search.gain)
      let best = gains.indices.max { gains[$0] < gains[$1] } ?? 0
      let feature = left.remove(at: best)
      search.take(feature)
      order.append(feature)
    }
    return order
  }
}

extension FeatureSelector {
  /// Greedy column subset selection in closed form.
  public static let columnSubset = FeatureSelector(
    name: "css", summary: "greedy column subset selection, in closed form"
  ) { problem in
    Choice(ColumnSubset.greedy(problem.moments, count: problem.count))
  }
}
