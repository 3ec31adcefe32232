import Torch

/// Greedy column subset selection, then exchanges: each chosen feature in turn is given back and the best one taken in its
/// place, which may be itself (as Ordozgoiti, Gómez Canaval, Mozo 2016).
enum ColumnExchange {
  /// Passes over all chosen features, unless one changes nothing before that.
  static let passes = 3

  static func improved(_ chosen: [Int], _ moments: FeatureMoments) -> (features: [Int], exchanges: Int) {
    // What only fills up, because the others explain everything, stays.
    let count = moments.gains(chosen).count { $0 > 0 }
    var features = Array(chosen.prefix(count))
    let others = Array(chosen.dropFirst(count))
    var exchanges = 0
    for _ in 0..<passes {
      // Anew in each pass, so that rounding does not pile up.
      var search = ColumnSearch(moments, taking: features, and: others)
      var isChanged = false
      for place in features.indices {
        let old = features[place]
        search.giveBack(old, of: features, moments)
        let own = search.gain(old)
        if own > 0, let best = search.best(), best.gain > own * (1 + 1e-9) {
          features[place] = best.feature
          exchanges += 1
          isChanged = true
        }
        search.take(features[place])
      }
      if !isChanged { break }
    }
    return (features + others, exchanges)
  }
}

extension FeatureSelector {
  /// Column subset selection, then exchanges of single features while they help.
  public static let exchange = FeatureSelector(
    name: "css-exchange", summary: "css, then exchanges of single features while they help"
  ) { problem in
    let first = ColumnSubset.greedy(problem.moments, count: problem.count)
    let (features, exchanges) = ColumnExchange.improved(first, problem.moments)
    var choice = Choice(ColumnSubset.ranked(features, problem.moments))
    choice.notes = ["\(exchanges) exchanges after the greedy choice"]
    return choice
  }
}
