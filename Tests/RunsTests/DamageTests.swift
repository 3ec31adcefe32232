import Formats
import Foundation
import Runs
import Testing

/// Damage to any file of a run, at any place: going on gives the files of an undisturbed run, or one clear refusal.
@Suite struct DamageTests {
  let scratch: Scratch
  let plan: ShardPlan

  init() throws {
    scratch = try Scratch()
    plan = try ShardPlan(samples: 0..<640, shardSize: 64)
  }

  private func open(_ folder: String) throws -> RunDirectory {
    try RunDirectory(folder: folder, identity: FakeWork.identity, plan: plan)
  }

  /// A run half done by two ranks, so that it has a manifest with shards, and journals.
  private func half(_ name: String) throws -> String {
    let folder = "\(scratch.path)/\(name)"
    for rank in 0..<2 {
      struct Enough: Error {}
      var left = 3
      _ = try? open(folder).execute(rank: Rank(rank, of: 2)) { range in
        left -= 1
        if left < 0 { throw Enough() }
        return FakeWork.result(range)
      }
    }
    _ = try open(folder)  // merges the journals into the manifest
    return folder
  }

  private func heal(_ folder: String) throws -> [String: String] {
    #expect(try open(folder).execute(worker: FakeWork.result).isComplete)
    return try results(folder)
  }

  @Test func flippedBitsAnywhereAreFoundOrHarmless() throws {
    let original = try half("half")
    let expected = try heal("\(scratch.path)/undisturbed")
    var generator = SystemRandomNumberGenerator()
    for file in [
      "manifest.json", "recipe.yaml", "journal-0.jsonl", "journal-1.jsonl", "metrics.csv",
      "uae/shard-00002.safetensors",
    ] {
      for trial in 0..<20 {
        let folder = "\(scratch.path)/flip"
        try FileManager.default.copyItem(atPath: original, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[place] ^= 1 << Int.random(in: 0..<8, using: &generator)
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        #expect(try heal(folder) == expected, "\(file), byte \(place), trial \(trial)")
      }
    }
  }

  @Test func filesCutAnywhereAreMended() throws {
    let original = try half("half")
    let expected = try heal("\(scratch.path)/undisturbed")
    for file in [
      "manifest.json", "recipe.yaml", "journal-0.jsonl", "metrics.csv", "uae/shard-00001.safetensors",
    ] {
      let whole = try Data(contentsOf: URL(fileURLWithPath: "\(original)/\(file)"))
      for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 12)) {
        let folder = "\(scratch.path)/cut"
        try FileManager.default.copyItem(atPath: original, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try whole.prefix(length).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        #expect(try heal(folder) == expected, "\(file) cut to \(length) bytes")
      }
    }
  }

  @Test func aDamagedLineCostsOneShardNotTheList() throws {
    let folder = try half("half")
    for journal in ["journal-0.jsonl", "journal-1.jsonl"] { unlink("\(folder)/\(journal)") }
    let path = "\(folder)/manifest.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let damaged = text.replacingOccurrences(
      of: "{\"shard\":2,\"first\":128", with: "{\"shard\":2,\"first\":129")
    #expect(damaged != text)
    try damaged.write(toFile: path, atomically: true, encoding: .utf8)
    let run = try open(folder)
    #expect(run.notes == ["manifest.json: 1 damaged or cut line left out"])
    #expect(run.totals.shards == 5)
    #expect(try run.execute(worker: FakeWork.result).made == 5)
  }

  @Test func aRunWhoseEveryTraceIsDamagedIsRefusedInOneLine() throws {
    let folder = "\(scratch.path)/run"
    _ = try open(folder)
    for file in ["manifest.json", "recipe.yaml"] {
      try Data("garbage".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
    }
    let error = #expect(throws: RunError.unrecognisable(folder: folder)) { _ = try open(folder) }
    #expect(error?.description.contains("\n") == false)
  }

  @Test func linesOfAnotherRunAreNeverTaken() throws {
    let folder = try half("half")
    let other = "\(scratch.path)/other"
    var identity = FakeWork.identity
    identity.recipe += "other: 1\n"
    _ = try RunDirectory(folder: other, identity: identity, plan: plan)
    try FileManager.default.copyItem(atPath: "\(folder)/journal-0.jsonl", toPath: "\(other)/journal-0.jsonl")
    #expect(try RunDirectory(folder: other, identity: identity, plan: plan).totals.shards == 0)
  }
}
