import Formats
import Foundation

/// What can be seen of a run from outside, while it goes on or after: read-only, and quick for any number of shards.
public struct RunStatus: Sendable, Encodable {
  /// The run's folder.
  public let folder: String
  /// What is done and what is planned.
  public let totals: RunTotals
  /// Shards that living processes have in hand at this moment.
  public let inHand: [Int]
  /// Shards that nobody has finished.
  public let missing: [Int]
  /// All shards finished and the manifest complete, with no journal left.
  public let isSealed: Bool
  /// Samples per second that one process makes, from `metrics.csv`; nil before the first shard.
  public let samplesPerSecond: Double?
  /// Seconds until the end at the present number of processes; nil if none is at work.
  public let secondsLeft: Double?
  /// Lines of the lists that are damaged.
  public let damagedLines: Int

  /// - Throws: `RunError.notARun` without a manifest, `.unrecognisable` if its head is damaged.
  public init(folder: String) throws(RunError) {
    guard case .header(let header) = RunHeader.read(folder: folder), let plan = header.plan else {
      throw RunHeader.read(folder: folder) == .absent
        ? .notARun(folder: folder, found: "no manifest.json") : .unrecognisable(folder: folder)
    }
    var ledger = Ledger(folder: folder, header: header, plan: plan)
    try ledger.load()
    self.folder = folder
    totals = RunTotals(ledger.records.values, of: plan)
    let claimed = FileLocks.shardsHeld(path: "\(folder)/.lock")
    inHand = claimed
    missing = ledger.missing
    isSealed = ledger.isComplete && !ledger.hasJournals
    damagedLines = ledger.damagedLines.values.reduce(0, +)

    let rows = MetricsLog.rows(path: "\(folder)/metrics.csv", last: 100)
    let samples = rows.reduce(0) { $0 + ($1["count"].flatMap { Int($0) } ?? 0) }
    let seconds = rows.reduce(0) { $0 + ($1["seconds"].flatMap { Double($0) } ?? 0) }
    samplesPerSecond = samples > 0 && seconds > 0 ? Double(samples) / seconds : nil
    let left = Double(totals.samplesPlanned - totals.samples)
    let rate = samplesPerSecond.map { $0 * Double(claimed.count) }
    secondsLeft = rate.flatMap { $0 > 0 ? left / $0 : nil }
  }

  /// The status as lines for a person.
  public var summary: String {
    var lines = [
      "\(folder): \(totals.samples) of \(totals.samplesPlanned) samples, \(totals.shards) of \(totals.shardsPlanned) shards"
    ]
    lines.append(
      "  success \(totals.successRate.text(.percent(2)))"
        + (totals.meanSimilarity.map { ", mean MI \($0.text(.general(4)))" } ?? ""))
    if totals.shards > 0 { lines.append("  \(totals.counts.summary)") }
    if isSealed {
      lines.append("  complete and sealed")
    } else if totals.shards == totals.shardsPlanned {
      lines.append("  complete, not sealed: uae seal \(folder)")
    } else if inHand.isEmpty {
      lines.append(
        "  nobody is at work: repeat the run's command to go on; missing shards \(RunError.list(missing))")
    } else {
      let time = secondsLeft.map { ", about \($0.durationText) left" } ?? ""
      lines.append("  shards in hand: \(RunError.list(inHand))\(time)")
    }
    if damagedLines > 0 {
      lines.append("  \(damagedLines) damaged lines in its lists: the run mends them when it goes on")
    }
    return lines.joined(separator: "\n")
  }
}
