import Foundation
import Runs
import Testing

@Suite struct ProgressTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  /// A clock that a test moves by hand.
  private final class Clock: @unchecked Sendable { var now = 100.0 }

  private func run(_ progress: RunProgress, _ clock: Clock) throws {
    let plan = try ShardPlan(samples: 0..<512, shardSize: 128)
    let run = try RunDirectory(folder: scratch.path + "/run", identity: FakeWork.identity, plan: plan)
    _ = try run.execute(progress: progress) { range in
      clock.now += 10
      return FakeWork.result(range)
    }
  }

  @Test func jsonLinesCarryRateTimeLeftSuccessAndSimilarity() throws {
    let clock = Clock()
    let lines = Lines()
    try run(RunProgress(style: .json, write: { lines.add($0) }, clock: { clock.now }), clock)
    let objects = try lines.all.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.count == 4)
    #expect(objects.map { $0["done"] as? Int } == [128, 256, 384, 512])
    #expect(objects.allSatisfy { $0["samplesPerSecond"] as? Double == 12.8 })
    #expect(objects.map { $0["secondsLeft"] as? Double } == [30, 20, 10, 0])
    let succeeded = (0..<128).filter { $0 % 10 != 3 }.count
    #expect(objects[0]["successRate"] as? Double == Double(succeeded) / 128)
    #expect(objects[0]["meanSimilarity"] as? Double == 0)
  }

  @Test func plainLinesAreForPeople() throws {
    let clock = Clock()
    let lines = Lines()
    try run(RunProgress(style: .lines, write: { lines.add($0) }, clock: { clock.now }), clock)
    #expect(lines.all.count == 4)
    #expect(lines.all.first?.hasPrefix("128/512 samples, 12.8/s, 30 s left, success 89.8 %") == true)
  }

  @Test func quietSaysNothing() throws {
    let lines = Lines()
    try run(RunProgress(style: .quiet, write: { lines.add($0) }), Clock())
    #expect(lines.all.isEmpty)
  }

  @Test func aMetricsFileCutMidLineGoesOn() throws {
    let path = scratch.path + "/metrics.csv"
    let log = MetricsLog(path: path)
    try log.append([("epoch", "1"), ("loss", "0.5")])
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try (whole + Data("2,".utf8).dropLast()).write(to: URL(fileURLWithPath: path))
    try MetricsLog(path: path).append([("epoch", "3"), ("loss", "0.25")])
    #expect(MetricsLog.rows(path: path) == [["epoch": "1", "loss": "0.5"], ["epoch": "3", "loss": "0.25"]])
  }
}
