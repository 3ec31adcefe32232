import Formats
import Foundation

/// How a call of `RunDirectory.execute` ended.
public struct RunOutcome: Sendable, Equatable {
  /// Shards that this process made.
  public var made: Int
  /// Shards of this rank that other living processes were making.
  public var elsewhere: [Int]
  /// The signal that ended the run early; nil if it went through.
  public var interruption: Interruption?
  /// Whether every shard of the plan is finished and the run sealed.
  public var isComplete: Bool
}

extension RunDirectory {
  /// Makes the shards of `rank` that are not finished, one after the other, and seals the run if they were the last.
  ///
  /// A shard is claimed, made by `worker`, written whole, and only then listed. A listed shard is trusted if its
  /// file still has the listed digest; otherwise it is made again, which `progress` reports.
  ///
  /// - Parameters:
  ///   - interrupts: asked before each shard. A worker that asks too may drop its shard by throwing
  ///     `Interrupts.Stop`.
  ///   - worker: returns the encoded file for a range of samples: a function of the identity and the range alone.
  /// - Throws: `RunError`, or what `worker` throws. Everything finished before stays listed.
  public func execute(
    rank: Rank = .only, interrupts: Interrupts? = nil, progress: RunProgress? = nil,
    worker: (Range<Int>) throws -> ShardResult
  ) throws -> RunOutcome {
    let metrics = MetricsLog(path: "\(folder)/metrics.csv")
    var open = try confirm(rank, progress)
    progress?.begin(totals, rank: rank)
    var outcome = RunOutcome(made: 0, elsewhere: [], interruption: nil, isComplete: false)

    while outcome.interruption == nil, let shard = open.first {
      open.removeFirst()
      outcome.interruption = interrupts?.requested
      if outcome.interruption != nil { break }
      guard locks.claim(shard) else {
        outcome.elsewhere.append(shard)
        continue
      }
      defer { locks.release(shard: shard) }
      try ledger.refresh()
      if ledger.records[shard] != nil, !struck.contains(shard) { continue }  // another process was faster

      let clock = ContinuousClock.now
      let result: ShardResult
      do {
        result = try worker(plan.range(of: shard))
      } catch is Interrupts.Stop {
        outcome.interruption = interrupts?.requested ?? .interrupt
        break
      }
      let solved = ContinuousClock.now
      let record = try store(result, shard: shard, rank: rank)
      outcome.made += 1
      let seconds = (clock.duration(to: .now), solved.duration(to: .now))
      try metrics.append(Self.metrics(record, seconds: seconds.0, storing: seconds.1, rank: rank))
      progress?.finished(record)
    }
    outcome.elsewhere = outcome.elsewhere.filter { ledger.records[$0] == nil }
    outcome.isComplete = try conclude(progress)
    return outcome
  }

  /// Writes a shard's file, then lists it.
  private func store(_ result: ShardResult, shard: Int, rank: Rank) throws -> ShardRecord {
    let range = plan.range(of: shard)
    guard result.counts.total == range.count else {
      throw RunError.result(
        shard: shard, "the worker counted \(result.counts.total) samples, the shard has \(range.count)")
    }
    let record = ShardRecord(shard: shard, range: range, result: result)
    try storing { () throws(SystemError) in try AtomicFile.write(result.bytes, to: shardPath(shard)) }
    try locks.exclusively { try ledger.append(record, rank: rank) }
    confirmed.insert(shard)
    struck.remove(shard)
    return record
  }

  /// The shards of a rank that are to be made, after checking the files of those that are listed.
  private func confirm(_ rank: Rank, _ progress: RunProgress?) throws -> [Int] {
    try ledger.refresh()
    var open: [Int] = []
    for shard in plan.shards(of: rank) {
      if ledger.records[shard] == nil {
        open.append(shard)
      } else if let damage = try check(shard) {
        ledger.strike(shard)
        struck.insert(shard)
        progress?.warn("shard \(shard) (samples \(plan.range(of: shard))) \(damage): it is made again")
        open.append(shard)
      }
    }
    return open
  }

  /// What is wrong with a listed shard's file; nil if its content has the listed digest.
  func check(_ shard: Int) throws(RunError) -> String? {
    guard let record = ledger.records[shard], !confirmed.contains(shard) else { return nil }
    do {
      guard try SHA256.digest(ofFile: shardPath(shard)) == record.sha256 else {
        return "does not have its digest"
      }
      confirmed.insert(shard)
      return nil
    } catch  where error.code == ENOENT {
      return "is missing"
    } catch  where error.code == EIO {
      return "cannot be read"
    } catch {
      throw .storage(error)
    }
  }

  private static func metrics(
    _ record: ShardRecord, seconds: Duration, storing: Duration, rank: Rank
  ) -> [(column: String, value: String)] {
    [
      ("shard", "\(record.shard)"), ("first", "\(record.range.lowerBound)"),
      ("count", "\(record.range.count)"),
    ] + record.counts.names.map { ($0, "\(record.counts[$0])") } + [
      ("meanSimilarity", record.meanSimilarity.map { "\($0)" } ?? ""),
      ("seconds", "\(seconds / .seconds(1))"),
      ("storingSeconds", "\(storing / .seconds(1))"), ("rank", "\(rank.index)"),
    ]
  }
}
