import Torch

/// Examples with what is known of their making.
@dynamicMemberLookup
public struct AttackResult: Sendable {
  /// The examples.
  public var examples: Examples
  /// Seconds of all threads.
  public var timing = TileSolution.Timing()
  /// The multiplier c of each record at the end, for solvers that have one.
  public var multiplier: [Float]
  /// The trace of each group of samples that was solved together, of its samples alone, where the solver keeps one.
  public var traces: [TileSolution.Trace]

  init(_ tiles: [(Tile, TileSolution)], copy: Int) {
    examples = Examples(tiles, copy: copy)
    multiplier = tiles.flatMap { $1.multiplier[$0.rows] }
    traces = tiles.compactMap { tile, solution in solution.trace?.of(tile.rows) }
    for (_, solution) in tiles {
      timing.criterion += solution.timing.criterion
      timing.similarity += solution.timing.similarity
      timing.total += solution.timing.total
    }
  }

  /// A column of the examples.
  public subscript<Value>(dynamicMember column: KeyPath<Examples, Value>) -> Value {
    examples[keyPath: column]
  }
}
