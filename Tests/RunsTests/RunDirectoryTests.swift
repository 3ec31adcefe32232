import Formats
import Foundation
import Runs
import Testing

@Suite struct RunDirectoryTests {
  let scratch: Scratch
  let plan: ShardPlan
  var folder: String { scratch.path + "/run" }

  init() throws {
    scratch = try Scratch()
    plan = try ShardPlan(samples: 100..<1500, shardSize: 128)
  }

  private func open(_ folder: String? = nil, _ identity: RunIdentity = FakeWork.identity) throws
    -> RunDirectory
  {
    try RunDirectory(folder: folder ?? self.folder, identity: identity, plan: plan)
  }

  private func undisturbed() throws -> [String: String] {
    let other = scratch.path + "/undisturbed"
    #expect(try open(other).execute(worker: FakeWork.result).isComplete)
    return try results(other)
  }

  @Test func aWholeRunIsSealedAndItsFilesAreTheWorkersBytes() throws {
    let outcome = try open().execute(worker: FakeWork.result)
    #expect(outcome.made == 12 && outcome.elsewhere.isEmpty && outcome.isComplete)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(names == [".lock", "manifest.json", "metrics.csv", "recipe.yaml", "uae"])
    for shard in 0..<plan.count {
      let bytes = FileManager.default.contents(atPath: try open().shardPath(shard))
      #expect(bytes == FakeWork.result(plan.range(of: shard)).bytes)
    }
    let status = try RunStatus(folder: folder)
    #expect(status.isSealed && status.totals.samples == 1400 && status.missing.isEmpty)
    #expect(status.totals.counts.succeeded == (100..<1500).filter { $0 % 10 != 3 }.count)
  }

  @Test func theManifestIsValidJSONThatOtherToolsCanRead() throws {
    _ = try open().execute(worker: FakeWork.result)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/manifest.json"))
    let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let shards = try #require(object["shards"] as? [[String: Any]])
    #expect(object["complete"] as? Bool == true)
    #expect(shards.count == 12)
    for (index, shard) in shards.enumerated() {
      let file = try open().shardPath(index)
      #expect(shard["sha256"] as? String == (try SHA256.digest(ofFile: file)))
    }
  }

  @Test(arguments: [1, 2, 3, 4, 7, 20])
  func anyNumberOfRanksGivesTheFilesOfOneProcess(count: Int) throws {
    for index in (0..<count).reversed() {
      let outcome = try open().execute(rank: Rank(index, of: count), worker: FakeWork.result)
      #expect(outcome.isComplete == (index == 0))
    }
    #expect(try results(folder) == undisturbed())
  }

  @Test func aWorkerThatFailsLosesOnlyItsShard() throws {
    struct Failure: Error {}
    for stop in 0..<plan.count {
      let run = try open()
      #expect(throws: Failure.self) {
        _ = try run.execute { range in
          if range == plan.range(of: stop) { throw Failure() }
          return FakeWork.result(range)
        }
      }
      #expect(try RunStatus(folder: folder).totals.shards == stop)
    }
    #expect(try open().execute(worker: FakeWork.result).made == 1)
    #expect(try results(folder) == undisturbed())
  }

  @Test func aCompleteRunIsNotMadeAgain() throws {
    _ = try open().execute(worker: FakeWork.result)
    let before = try results(folder)
    #expect(try open().execute { _ in throw RunError.plan("must not be called") }.isComplete)
    #expect(try results(folder) == before)
  }

  @Test func damagedAndMissingShardsAreMadeAgainAndNamed() throws {
    _ = try open().execute(worker: FakeWork.result)
    var bytes = try #require(FileManager.default.contents(atPath: try open().shardPath(3)))
    bytes[17] ^= 4
    try bytes.write(to: URL(fileURLWithPath: try open().shardPath(3)))
    try FileManager.default.removeItem(atPath: try open().shardPath(8))

    let spoken = Lines()
    let progress = RunProgress(style: .quiet, write: { spoken.add($0) })
    #expect(try open().execute(progress: progress, worker: FakeWork.result).made == 2)
    #expect(
      spoken.all == [
        "shard 3 (samples 384..<512) does not have its digest: it is made again\n",
        "shard 8 (samples 1024..<1152) is missing: it is made again\n",
      ])
    #expect(try results(folder) == undisturbed())
  }

  @Test func anotherIdentityIsRefusedNamingTheFirstDifference() throws {
    _ = try open()
    func difference(_ change: (inout RunIdentity) -> Void) -> String? {
      var identity = FakeWork.identity
      change(&identity)
      do { _ = try open(nil, identity) } catch RunError.otherRun(_, let difference) {
        return difference
      } catch {}
      return nil
    }
    #expect(
      difference { $0.recipe = $0.recipe.replacingOccurrences(of: "epsilon: 1", with: "epsilon: 0.5") }
        == "recipe.yaml line 3 says 'epsilon: 1', asked is 'epsilon: 0.5'")
    #expect(
      difference { $0.recipe += "extra: 2\n" } == "recipe.yaml line 5 says nothing, asked is 'extra: 2'")
    let digest = String(repeating: "0", count: 64)
    #expect(difference { $0.model = digest }?.hasPrefix("its model has digest") == true)
    #expect(difference { $0.data = digest }?.hasPrefix("its data set has digest") == true)
    #expect(difference { $0.software["swift-uae"] = "2" } == "it was begun with swift-uae 1, this is 2")
    #expect(
      throws: RunError.otherRun(
        folder: folder, difference: "its samples are [100, 1500], asked are [0, 1500]")
    ) {
      _ = try RunDirectory(
        folder: folder, identity: FakeWork.identity, plan: ShardPlan(samples: 0..<1500, shardSize: 128))
    }
  }

  @Test func aFolderThatHoldsSomethingElseIsRefused() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: folder + "/thesis.tex"))
    #expect(throws: RunError.notARun(folder: folder, found: "'thesis.tex'")) { _ = try open() }
    let file = scratch.path + "/file"
    try Data().write(to: URL(fileURLWithPath: file))
    #expect(throws: RunError.notARun(folder: file, found: "a file, not a folder")) { _ = try open(file) }
  }

  @Test func twoOpenRunsOfOneFolderNeverShareAShard() throws {
    // The second starts while the first has a shard in hand, between any two of its steps.
    var made: [Range<Int>] = []
    var nested = false
    _ = try open().execute { range in
      if !nested {
        nested = true
        let second = try open().execute { range in
          made.append(range)
          return FakeWork.result(range)
        }
        #expect(second.elsewhere == [0])
        #expect(try RunStatus(folder: folder).inHand == [0])
      }
      made.append(range)
      return FakeWork.result(range)
    }
    #expect(made.count == plan.count && Set(made).count == plan.count)
    #expect(try results(folder) == undisturbed())
  }

  @Test func sealingAnUnfinishedRunNamesWhatIsMissing() throws {
    _ = try open().execute(rank: Rank(0, of: 2), worker: FakeWork.result)
    #expect(throws: RunError.unfinished(folder: folder, shards: [1, 3, 5, 7, 9, 11], of: 12)) {
      try RunDirectory(existing: folder).seal()
    }
    _ = try open().execute(rank: Rank(1, of: 2), worker: FakeWork.result)
    try RunDirectory(existing: folder).seal()
    #expect(try results(folder) == undisturbed())
  }
}

/// What was written, from any thread.
final class Lines: @unchecked Sendable {
  private let lock = NSLock()
  private var lines: [String] = []
  var all: [String] { lock.withLock { lines } }
  func add(_ line: String) { lock.withLock { lines.append(line) } }
}
