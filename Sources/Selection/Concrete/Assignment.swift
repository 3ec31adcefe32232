/// The assignment of rows to distinct columns with the least sum of costs: the Hungarian method by shortest augmenting paths
/// (Jonker, Volgenant 1987), O(rows² · columns).
package enum Assignment {
  /// - Parameter costs: a row each, all of one length, at least as long as there are rows; finite.
  /// - Returns: the column of each row.
  package static func columns(_ costs: [[Double]]) -> [Int] {
    let (rows, columns) = (costs.count, costs.first?.count ?? 0)
    precondition(rows <= columns, "\(rows) rows have no distinct ones among \(columns) columns")
    var rowPrice = [Double](repeating: 0, count: rows + 1)
    var price = [Double](repeating: 0, count: columns + 1)
    // Index 0 stands for none; rows and columns count from 1.
    var owner = [Int](repeating: 0, count: columns + 1)
    var previous = [Int](repeating: 0, count: columns + 1)
    for row in 1..<rows + 1 {
      owner[0] = row
      var column = 0
      var slack = [Double](repeating: .infinity, count: columns + 1)
      var isDone = [Bool](repeating: false, count: columns + 1)
      repeat {
        isDone[column] = true
        let own = owner[column]
        let cost = costs[own - 1]
        var delta = Double.infinity
        var next = 0
        for j in 1..<columns + 1 where !isDone[j] {
          let reduced = cost[j - 1] - rowPrice[own] - price[j]
          if reduced < slack[j] { (slack[j], previous[j]) = (reduced, column) }
          if slack[j] < delta { (delta, next) = (slack[j], j) }
        }
        for j in 0..<columns + 1 {
          if isDone[j] {
            rowPrice[owner[j]] += delta
            price[j] -= delta
          } else {
            slack[j] -= delta
          }
        }
        column = next
      } while owner[column] != 0
      while column != 0 {
        let before = previous[column]
        owner[column] = owner[before]
        column = before
      }
    }
    var found = [Int](repeating: 0, count: rows)
    for column in 1..<columns + 1 where owner[column] > 0 { found[owner[column] - 1] = column - 1 }
    return found
  }
}
