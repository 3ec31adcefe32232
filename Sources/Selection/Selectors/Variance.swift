extension FeatureSelector {
  /// The features of largest variance.
  public static let variance = FeatureSelector(
    name: "variance", summary: "the features of largest variance"
  ) { problem in
    let variances = problem.moments.variances
    // Equal ones in the order of their places.
    let order = problem.moments.varying.sorted {
      variances[$0] == variances[$1] ? $0 < $1 : variances[$0] > variances[$1]
    }
    return Choice(Array(order.prefix(problem.count)))
  }
}
