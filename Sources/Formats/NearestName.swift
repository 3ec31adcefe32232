/// The name that is most like `name`, for "did you mean …?"; nil where none differs in at most a third of its letters.
public func nearestName(to name: String, among names: [String]) -> String? {
  let wanted = name.lowercased()
  let distances = names.map { ($0, editDistance($0.lowercased(), wanted)) }
  guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.count / 3) else { return nil }
  return best.0
}

/// Insertions, deletions and substitutions that lead from one word to the other (Levenshtein 1965).
private func editDistance(_ first: String, _ second: String) -> Int {
  let second = Array(second)
  var row = Array(0...second.count)
  for (index, letter) in first.enumerated() {
    var diagonal = row[0]
    row[0] = index + 1
    for column in second.indices {
      let substituted = diagonal + (letter == second[column] ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
    }
  }
  return row[second.count]
}
