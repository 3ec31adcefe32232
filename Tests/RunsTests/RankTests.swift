import Runs
import Testing

@Suite struct RankTests {
  @Test(arguments: [
    ["RANK": "2", "WORLD_SIZE": "5"],
    ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "5"],
    ["SLURM_PROCID": "2", "SLURM_NTASKS": "5"],
    ["JOB_COMPLETION_INDEX": "2", "WORLD_SIZE": "5"],
  ])
  func eachLauncherIsUnderstood(environment: [String: String]) throws {
    let rank = try Rank(environment: environment)
    #expect(rank.index == 2 && rank.count == 5)
  }

  @Test func flagsComeBeforeTheEnvironment() throws {
    let rank = try Rank(rank: 1, worldSize: 3, environment: ["RANK": "0", "WORLD_SIZE": "2"])
    #expect(rank.index == 1 && rank.count == 3)
    let job = try Rank(worldSize: 4, environment: ["JOB_COMPLETION_INDEX": "3"])
    #expect(job.index == 3 && job.count == 4)
  }

  @Test func withoutALauncherThereIsOneProcess() throws {
    #expect(try Rank(environment: ["SLURM_NTASKS": "8"]) == .only)
    #expect(try Rank(environment: [:]) == .only)
  }

  @Test(arguments: [
    ["RANK": "2"], ["WORLD_SIZE": "2"], ["RANK": "2", "WORLD_SIZE": "2"], ["RANK": "-1", "WORLD_SIZE": "2"],
    ["RANK": "one", "WORLD_SIZE": "2"], ["JOB_COMPLETION_INDEX": "0"], ["OMPI_COMM_WORLD_SIZE": "4"],
  ])
  func contradictionsAreRefused(environment: [String: String]) {
    #expect(throws: RunError.self) { try Rank(environment: environment) }
  }

  @Test func everyShardBelongsToExactlyOneRank() throws {
    let plan = try ShardPlan(samples: 70..<5000, shardSize: 64)
    for count in [1, 2, 3, 7, 100] {
      let shards = try (0..<count).flatMap { Array(plan.shards(of: try Rank($0, of: count))) }
      #expect(shards.sorted() == Array(0..<plan.count))
    }
    let ranges = (0..<plan.count).map(plan.range(of:))
    #expect(ranges.flatMap { $0 } == Array(70..<5000))
    #expect(ranges.dropFirst().allSatisfy { $0.lowerBound.isMultiple(of: 64) })
  }

  @Test func plansThatCannotBeAreRefused() {
    #expect(throws: RunError.self) { try ShardPlan(samples: 5..<5, shardSize: 64) }
    #expect(throws: RunError.self) { try ShardPlan(samples: -1..<5, shardSize: 64) }
    #expect(throws: RunError.self) { try ShardPlan(samples: 0..<5, shardSize: 0) }
  }
}
