/// How a range of samples is split into shards: the unit that is written, listed, claimed and resumed.
///
/// Boundaries lie at multiples of `shardSize` counted from sample 0, never at the start of the range, so which
/// samples share a shard depends on the plan alone: not on ranks, threads, or where a run was interrupted.
public struct ShardPlan: Sendable, Equatable {
  /// Samples are solved in tiles of this many, aligned to the sample index; shards hold whole tiles.
  public static let tile = 64

  /// The samples to make, by index in the data set.
  public let samples: Range<Int>
  /// Samples a shard, a multiple of `tile`. The first and the last shard may hold fewer.
  public let shardSize: Int

  /// - Throws: `RunError.plan` for an empty or negative range, or a size that is not a multiple of the tile.
  public init(samples: Range<Int>, shardSize: Int = 256) throws(RunError) {
    guard samples.lowerBound >= 0, !samples.isEmpty, samples.upperBound < 1 << 48 else {
      throw .plan("samples \(samples.lowerBound)..<\(samples.upperBound): a run needs at least one sample")
    }
    guard shardSize > 0, shardSize.isMultiple(of: Self.tile) else {
      throw .plan("shard size \(shardSize): it must be a multiple of \(Self.tile), the size of a tile")
    }
    self.samples = samples
    self.shardSize = shardSize
  }

  /// The number of shards.
  public var count: Int {
    (samples.upperBound + shardSize - 1) / shardSize - samples.lowerBound / shardSize
  }

  /// The samples of shard `shard`, 0 ≤ shard < count.
  public func range(of shard: Int) -> Range<Int> {
    let start = (samples.lowerBound / shardSize + shard) * shardSize
    return max(start, samples.lowerBound)..<min(start + shardSize, samples.upperBound)
  }

  /// The shards that a rank makes: every `rank.count`-th, so that a run cut short has progressed evenly.
  public func shards(of rank: Rank) -> StrideTo<Int> { stride(from: rank.index, to: count, by: rank.count) }
}
