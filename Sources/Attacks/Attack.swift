import Torch

/// An attack on a set of samples: what must hold, what shall become small, and how the search goes.
public struct Attack: Sendable {
  /// When an example succeeds.
  public var criterion: any Criterion
  /// How alike an example is to its original: what is to be small.
  public var similarity: any Similarity
  /// How examples are searched for.
  public var solver: any Solver
  /// The run's seed: together with a sample's index it decides every draw for that sample.
  public var seed: UInt64
  /// 1 where a value may change and 0 where it must stay: `[1] + sampleShape` for all samples alike, or `[count] +
  /// sampleShape`; nil where all may.
  public var mask: Tensor?
  /// The values that the results' type can hold, where it is an integer type.
  public internal(set) var grid: IntegerGrid?

  /// The number of samples solved together. It is part of the arithmetic, so it is not a setting.
  public static let tileSize = 64

  /// The memory that a thread may give to learned similarities, unless a single sample needs more: a tile whose samples
  /// need more is solved in parts, which changes no result.
  static let learnedBytes = 256 << 20

  /// Where the model is, and the samples have to be.
  public let device: Device

  /// An attack of its parts; the seed keys whatever is drawn at random for a sample.
  public init(
    criterion: any Criterion, similarity: any Similarity, solver: any Solver, seed: UInt64,
    device: Device = .cpu
  ) {
    self.device = device
    self.criterion = criterion
    self.similarity = similarity
    self.solver = solver
    self.seed = seed
  }

  /// Attacks the samples of a range, tiles in parallel, each wholly on one thread.
  ///
  /// - Parameters:
  ///   - set: all samples `[count, …]`, float32 or float64, in [0, 1]; the search is in their type.
  ///   - range: the indices to attack.
  ///   - copy: which of several UAEs of a sample to make, from 0.
  ///   - threads: how many tiles are solved at a time.
  ///   - onTile: called after each tile with the number of samples in it and how many of them succeeded; any thread.
  ///   - isCancelled: asked in every iteration.
  /// - Throws: the first error of the criterion or the similarity; `CancellationError`.
  public func run(
    _ set: Tensor, range: Range<Int>, copy: Int = 0, threads: Int,
    onTile: @Sendable (TileProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> AttackResult {
    precondition(range.lowerBound >= 0 && range.upperBound <= set.shape[0], "the range lies outside the set")
    let size = Self.tileSize
    // Tiles are the unit of parallelism; each asks by itself whether the run is cancelled.
    let solved = try concurrently(parts(of: range), threads: threads) { part in
      let tile = Tile(
        set, number: part.lowerBound / size, size: size, range: part, seed: seed, copy: copy, mask: mask,
        isCancelled: isCancelled)
      try tile.checkCancellation()
      let problem = try Problem(tile, criterion: criterion, similarity: similarity, grid: grid)
      let solution = try solver.solve(problem).skipping(problem.criterion.skipped, originals: tile.originals)
      onTile(TileProgress(tile, solution))
      return (tile, solution)
    }
    return AttackResult(solved, copy: copy)
  }

  /// The samples that are solved at a time: a tile's, or fewer of them where their learned state is large.
  private func parts(of range: Range<Int>) -> [Range<Int>] {
    let size = Self.tileSize
    let together = max(1, min(size, Self.learnedBytes / max(1, similarity.bytesPerSample)))
    var parts: [Range<Int>] = []
    var first = range.lowerBound
    while first < range.upperBound {
      let end = min(first + together, (first / size + 1) * size, range.upperBound)
      parts.append(first..<end)
      first = end
    }
    return parts
  }
}

/// What one tile adds to a run's progress.
public struct TileProgress: Sendable {
  /// Samples that are done.
  public let samples: Int
  /// Those of them with success.
  public let succeeded: Int
  /// The sum of the similarities of those that succeeded.
  public let similaritySum: Double

  init(_ tile: Tile, _ solution: TileSolution) {
    let won = tile.rows.filter { solution.status[$0] == .succeeded }
    samples = tile.rows.count
    succeeded = won.count
    similaritySum = won.reduce(0) { $0 + Double(solution.similarity[$1]) }
  }
}
