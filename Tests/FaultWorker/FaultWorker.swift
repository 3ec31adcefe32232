import Foundation
import Runs

/// A run whose work is a pure function of the sample's index, driven like the real command: same run directory,
/// same signals, same exit codes.
///
/// `fault-worker <folder> [samples=N] [shard=N] [bytes=N] [tileMicroseconds=N] [deaf=1] [recipe=TEXT]`; rank from the
/// environment. `bytes` are those of a sample; `deaf` work never looks at interrupts.
@main
struct FaultWorker {
  static func main() {
    do {
      exit(try run(Array(CommandLine.arguments.dropFirst())))
    } catch {
      StandardError.write("fault-worker: \(error)\n")
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) throws -> Int32 {
    guard let folder = arguments.first else { return 2 }
    var options: [String: String] = [:]
    for argument in arguments.dropFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { options[parts[0]] = parts[1] }
    }
    func number(_ name: String, _ standard: Int) -> Int { options[name].flatMap { Int($0) } ?? standard }
    let interrupts = Interrupts(farewell: "interrupted; give the same command again to go on")
    let rank = try Rank(environment: ProcessInfo.processInfo.environment)
    let identity = RunIdentity(
      recipe: "work: fake\nextra: \(options["recipe"] ?? "none")\n", model: "0", data: "0", software: [:])
    let plan = try ShardPlan(samples: 0..<number("samples", 640), shardSize: number("shard", 64))
    let progress = RunProgress(style: .lines)

    let directory = try RunDirectory(folder: folder, identity: identity, plan: plan)
    for note in directory.notes { progress.warn(note) }
    let isDeaf = number("deaf", 0) == 1
    let outcome = try directory.execute(rank: rank, interrupts: interrupts, progress: progress) { range in
      var data = Data(capacity: range.count * number("bytes", 64))
      for tile in stride(from: range.lowerBound, to: range.upperBound, by: 64) {
        if !isDeaf, interrupts.requested != nil { throw Interrupts.Stop() }
        pause(microseconds: number("tileMicroseconds", 0))
        for index in tile..<min(tile + 64, range.upperBound) {
          append(index, count: number("bytes", 64), to: &data)
        }
      }
      return ShardResult(
        bytes: data, counts: ShardCounts([ShardCounts.succeeded: range.count]), meanSimilarity: 1)
    }
    print("made \(outcome.made), complete \(outcome.isComplete)")
    return outcome.interruption?.exitCode ?? 0
  }

  /// Work that signals do not cut short, as they do `usleep`.
  private static func pause(microseconds: Int) {
    let end = ContinuousClock.now.advanced(by: .microseconds(microseconds))
    while ContinuousClock.now < end {
      usleep(UInt32(max(0, min(1e5, ContinuousClock.now.duration(to: end) / .microseconds(1)))))
    }
  }

  private static func append(_ index: Int, count: Int, to data: inout Data) {
    var value = UInt64(index) &+ 1
    for _ in 0..<count / 8 {
      value ^= value << 13
      value ^= value >> 7
      value ^= value << 17
      withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
  }
}
