/// Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979): the chance of one false alarm in the
/// whole family stays below the level, with no assumption on dependence. Never weaker than Bonferroni's n·p.
public func holmAdjusted(_ pValues: [Double]) -> [Double] {
  var adjusted = pValues
  var largest = 0.0
  for (rank, index) in pValues.indices.sorted(by: { pValues[$0] < pValues[$1] }).enumerated() {
    largest = max(largest, min(1, Double(pValues.count - rank) * pValues[index]))
    adjusted[index] = largest
  }
  return adjusted
}
