import Foundation
import Runs
import Testing

extension Faults {
  /// The real command, attacking a real model: the same promises as for made-up work, and what they cost.
  @Suite(.serialized) struct InAttack {
    let scratch: Scratch
    let model: String

    init() throws {
      scratch = try Scratch()
      model = scratch.path + "/model.safetensors"
      let end = try ChildProcess.run(
        Built.uae, ["train", "--dataset", "digits", "--epochs", "2", "--out", model])
      try #require(end.code == 0, "\(end.output)")
    }

    private func arguments(_ folder: String, _ more: [String] = []) -> [String] {
      [
        "attack", "--dataset", "digits", "--checkpoint", model, "--out", folder, "--iterations", "150",
        "--threads",
        "1",
      ] + more
    }

    private func undisturbed() throws -> [String: String] {
      let folder = scratch.path + "/undisturbed"
      let end = try ChildProcess.run(Built.uae, arguments(folder))
      try #require(end.code == 0, "\(end.output)")
      return results(folder)
    }

    @Test func killedAHundredTimesTheFilesAreThoseOfAnUndisturbedRun() throws {
      let clock = ContinuousClock.now
      let expected = try undisturbed()
      let microseconds = Int(clock.duration(to: .now) / .microseconds(1))
      let folder = scratch.path + "/run"
      var kills = 0
      var lost = 0
      while kills < 100 {
        // Often enough long enough to finish a shard or two of three.
        let child = try ChildProcess(Built.uae, arguments(folder, ["--copies", "1"]))
        usleep(UInt32(Int.random(in: 0..<max(1, microseconds * 2 / 3))))
        child.signal(SIGKILL)
        let end = child.wait()
        lost += bytesLost(folder)
        if end.signal == SIGKILL {
          kills += 1
        } else {
          // The run was over first: it must be right, and another one begins.
          #expect(end.code == 0 && results(folder) == expected, "\(end.output)")
          try FileManager.default.removeItem(atPath: folder)
        }
      }
      let end = try ChildProcess.run(Built.uae, arguments(folder, ["--threads", "2"]))
      #expect(end.code == 0, "\(end.output)")
      let equal = results(folder) == expected
      #expect(kills >= 100 && lost == 0 && equal)
      Tally.shared.record(
        "`uae attack`: kill -9 at random moments", faults: kills, survived: equal ? kills : 0,
        bytesLost: lost,
        how: "digits; resumed with another number of threads")
    }

    @Test(arguments: [2, 4])
    func oneOfSeveralRanksIsKilledAndRunAgain(count: Int) throws {
      let expected = try undisturbed()
      let folder = scratch.path + "/run"
      let ranks = try (0..<count).map {
        try ChildProcess(Built.uae, arguments(folder, ["--rank", "\($0)", "--world-size", "\(count)"]))
      }
      usleep(500_000)
      ranks[1].signal(SIGKILL)
      let ends = ranks.map { $0.wait() }
      let lost = bytesLost(folder)
      #expect(ends[0].code == 0, "\(ends[0].output)")
      let again = try ChildProcess.run(
        Built.uae, arguments(folder, ["--rank", "1", "--world-size", "\(count)"]))
      #expect(again.code == 0, "\(again.output)")
      let equal = results(folder) == expected
      #expect(equal && lost == 0)
      #expect(try ChildProcess.run(Built.uae, ["seal", folder]).code == 0)
      Tally.shared.record(
        "`uae attack`: \(count) ranks, one killed", faults: 1, survived: equal ? 1 : 0, bytesLost: lost,
        how: "run again; the last to finish seals")
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func aSignalEndsItInTimeWithTheRightCode(number: Int32, code: Int32) throws {
      let expected = try undisturbed()
      let folder = scratch.path + "/run"
      let child = try ChildProcess(Built.uae, arguments(folder, ["--iterations", "2000"]))
      let manifest = folder + "/manifest.json"
      while access(manifest, F_OK) != 0 { usleep(5000) }
      usleep(200_000)
      let clock = ContinuousClock.now
      child.signal(number)
      let end = child.wait()
      let seconds = clock.duration(to: .now) / .seconds(1)
      #expect(end.code == code && seconds < 2, "\(seconds) s, \(end.output)")
      let other = try ChildProcess.run(Built.uae, arguments(folder))
      #expect(
        other.code == 1 && other.output.contains("holds another run: recipe.yaml line"), "\(other.output)")
      try FileManager.default.removeItem(atPath: folder)
      #expect(try ChildProcess.run(Built.uae, arguments(folder)).code == 0)
      #expect(results(folder) == expected)
      Tally.shared.record(
        "`uae attack`: signal \(number)", faults: 1, survived: end.code == code && seconds < 2 ? 1 : 0,
        how: "exit \(code) within 2 s; another recipe in the same folder is refused, naming the line")
    }

    @Test func damagedFilesAreFoundAndMadeAgain() throws {
      let expected = try undisturbed()
      let original = scratch.path + "/undisturbed"
      var tried = 0
      var survived = 0
      for file in expected.keys.sorted() {
        let content = try Data(contentsOf: URL(fileURLWithPath: "\(original)/\(file)"))
        for cut in [false, true] {
          var damaged = content
          if cut { damaged = content.prefix(content.count / 2) } else { damaged[content.count / 3] ^= 16 }
          let folder = scratch.path + "/damaged"
          try FileManager.default.copyItem(atPath: original, toPath: folder)
          defer { try? FileManager.default.removeItem(atPath: folder) }
          try damaged.write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
          let end = try ChildProcess.run(Built.uae, arguments(folder))
          tried += 1
          let isMended = end.code == 0 && results(folder) == expected
          #expect(isMended, "\(file): \(end.output)")
          survived += isMended ? 1 : 0
        }
      }
      Tally.shared.record(
        "`uae attack`: files flipped and cut", faults: tried, survived: survived,
        how: "manifest, recipe and each shard")
    }
  }
}
