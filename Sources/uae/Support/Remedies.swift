import Attacks

extension Recipe {
  /// What might find more, of the options that the recipe's parts have.
  /// - Throws: ``RecipeError`` for parts that are not there.
  func remedies() throws -> String {
    let solver = try Solvers.registry.named(solver.name)
    let criterion = try Criteria.registry.named(criterion.name)
    let names = Set((solver.settings + criterion.settings).map(\.name))
    let all = [
      ("kappa", "a smaller --kappa"), ("epsilon", "a larger --epsilon"), ("iterations", "more --iterations"),
      ("queries", "more --queries"), ("restarts", "more --restarts"),
    ]
    let some = all.filter { names.contains($0.0) }.map(\.1) + (solver.takesStart ? ["another --start"] : [])
    return "try " + some.joined(separator: ", ")
  }
}
