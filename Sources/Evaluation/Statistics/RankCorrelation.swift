/// Spearman's rank correlation: Pearson's of the ranks, ties sharing the mean of their ranks.
/// - Throws: ``StatisticsError`` for lists of unequal length, fewer than two values, a value that is not finite,
///   or a constant list.
public func spearmanCorrelation(_ first: [Double], _ second: [Double]) throws(StatisticsError) -> Double {
  guard first.count == second.count else { throw .unequalCounts(first.count, second.count) }
  guard first.count > 1 else { throw .tooFewValues(needed: 2, found: first.count) }
  try StatisticsError.requireFinite(first)
  try StatisticsError.requireFinite(second)
  return try pearson(averageRanks(first), averageRanks(second))
}

/// 1-based ranks; equal values share the mean of the ranks that they cover.
func averageRanks(_ values: [Double]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    for index in order[start..<end] { ranks[index] = Double(start + end + 1) / 2 }
    start = end
  }
  return ranks
}

private func pearson(_ first: [Double], _ second: [Double]) throws(StatisticsError) -> Double {
  let (meanA, meanB) = (Summary.mean(first), Summary.mean(second))
  var (cross, squaresA, squaresB) = (0.0, 0.0, 0.0)
  for (a, b) in zip(first, second) {
    cross += (a - meanA) * (b - meanB)
    squaresA += (a - meanA) * (a - meanA)
    squaresB += (b - meanB) * (b - meanB)
  }
  guard squaresA > 0, squaresB > 0 else { throw .constant }
  return cross / (squaresA.squareRoot() * squaresB.squareRoot())
}
