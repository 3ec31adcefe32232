import Foundation
import Runs
import Torch

/// Attacks a whole set in a run directory: shard after shard, resumable, shared by any number of processes.
public struct AttackRun: Sendable {
  /// What is done to each sample.
  public var attack: Attack
  /// Examples a sample.
  public var copies: Int
  /// How many tiles are solved at a time: asked before each shard, since it changes nothing but the time.
  public var threads: @Sendable () -> Int

  /// Samples per shard: enough work to make the cost of durability vanish, little enough to lose.
  public static let shardSize = 512

  /// A run of an attack.
  public init(_ attack: Attack, copies: Int = 1, threads: @autoclosure @escaping @Sendable () -> Int) {
    self.attack = attack
    self.copies = copies
    self.threads = threads
  }

  /// Seconds of all threads, by what they were spent on, for the samples attacked now.
  public struct Timing: Sendable {
    /// Samples that were attacked.
    public var samples = 0
    /// Seconds by the clock.
    public var wall = 0.0
    /// Seconds in the model.
    public var criterion = 0.0
    /// Seconds in the similarity.
    public var similarity = 0.0
    /// Seconds of everything.
    public var total = 0.0
  }

  /// Runs until the plan is done or the run is interrupted.
  ///
  /// - Parameters:
  ///   - originals: the set `[count, …]` in [0, 1].
  ///   - isCancelled: asked in every iteration, besides `interrupts`.
  /// - Throws: `RunError`, what the criterion throws; `Interrupts.Stop` is handled by the outcome.
  public func run(
    _ originals: Tensor, folder: String, identity: RunIdentity, rank: Rank = .only,
    interrupts: Interrupts? = nil,
    progress: RunProgress? = nil, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> (directory: RunDirectory, outcome: RunOutcome, timing: Timing) {
    let plan = try ShardPlan(
      samples: 0..<originals.shape[0] * copies, shardSize: Self.shardSize * copies)
    let directory = try RunDirectory(folder: folder, identity: identity, plan: plan)
    for note in directory.notes { progress?.warn(note) }
    var timing = Timing()
    let outcome = try directory.execute(rank: rank, interrupts: interrupts, progress: progress) { records in
      let samples = records.lowerBound / copies..<records.upperBound / copies
      let clock = ContinuousClock()
      let start = clock.now
      do {
        let results = try (0..<copies).map { copy in
          try attack.run(
            originals, range: samples, copy: copy, threads: threads(),
            onTile: { progress?.advanced($0.samples) },
            isCancelled: { interrupts?.requested != nil || isCancelled() })
        }
        timing.samples += records.count
        timing.wall += (clock.now - start) / .seconds(1)
        for result in results {
          timing.criterion += result.timing.criterion
          timing.similarity += result.timing.similarity
          timing.total += result.timing.total
        }
        return ShardResult(Examples(results.map(\.examples)))
      } catch is CancellationError {
        throw Interrupts.Stop()
      }
    }
    return (directory, outcome, timing)
  }
}
