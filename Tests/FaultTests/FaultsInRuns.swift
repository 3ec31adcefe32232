import Foundation
import Runs
import Testing

extension Faults {
  /// Every fault that can be arranged, against runs of made-up work; `InAttack` does it to the real command.
  @Suite(.serialized) struct InRuns {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The files of an undisturbed run with these options.
    private func undisturbed(_ options: [String]) throws -> [String: String] {
      let folder = "\(scratch.path)/undisturbed-\(UUID())"
      let end = try ChildProcess.run(Built.worker, [folder] + options)
      #expect(end.code == 0, "\(end.output)")
      return results(folder)
    }

    /// Goes on with a run until it is done; true if it then has the expected files.
    private func recovers(_ folder: String, _ options: [String], _ expected: [String: String]) throws -> Bool
    {
      let end = try ChildProcess.run(Built.worker, [folder] + options)
      #expect(end.code == 0, "\(end.output)")
      return results(folder) == expected
    }

    @Test func killedAtRandomMomentsTheRunLosesNothing() throws {
      let options = ["samples=51200", "tileMicroseconds=3000"]
      let expected = try undisturbed(options)
      let folder = scratch.path + "/run"
      var kills = 0
      var lost = 0
      while kills < 120 {
        let child = try ChildProcess(Built.worker, [folder] + options)
        usleep(.random(in: 0..<80_000))
        child.signal(SIGKILL)
        let end = child.wait()
        guard end.signal == SIGKILL else { break }  // the run was over first
        kills += 1
        lost += bytesLost(folder)
      }
      #expect(kills >= 100)
      #expect(lost == 0)
      let equal = try recovers(folder, options, expected)
      #expect(equal)
      Tally.shared.record(
        "kill -9 at random moments", faults: kills, survived: equal ? kills : 0, bytesLost: lost,
        how: "one run of 51,200 samples; 0 to 80 ms after each start")
    }

    @Test func killedAtEveryWritingCallTheRunLosesNothing() throws {
      let preload = try #require(Built.preload)
      let options = ["samples=192"]
      let expected = try undisturbed(options)
      var tried = 0
      var survived = 0
      var lost = 0
      for half in [0, 1] {
        for call in 1..<200 {
          let folder = "\(scratch.path)/at-\(half)-\(call)"
          let end = try ChildProcess.run(
            Built.worker, [folder] + options,
            environment: [
              "LD_PRELOAD": preload, "FAULT_CALL": "\(call)", "FAULT_DIE": "1", "FAULT_HALF": "\(half)",
            ])
          if end.signal == nil { break }
          tried += 1
          lost += bytesLost(folder)
          survived += try recovers(folder, options, expected) ? 1 : 0
        }
      }
      #expect(tried > 40 && survived == tried && lost == 0)
      Tally.shared.record(
        "kill at each open, write, sync and rename", faults: tried, survived: survived, bytesLost: lost,
        how: "before the call, and half-way through each write")
    }

    @Test(arguments: [
      (ENOSPC, "the disk is full", "disk full"), (EDQUOT, "your disk quota is used up", "quota used up"),
      (EIO, "input/output error", "disk errors"),
      (EROFS, "make the folder writable", "disk turned read-only"),
    ])
    func failingWritesGiveOneClearLine(code: Int32, message: String, name: String) throws {
      let preload = try #require(Built.preload)
      let options = ["samples=192"]
      let expected = try undisturbed(options)
      var tried = 0
      var survived = 0
      var lost = 0
      for half in [0, 1] {
        for call in 1..<200 {
          let folder = "\(scratch.path)/at-\(half)-\(call)"
          // Standard error goes to a file on the same failing disk in `output`; read the line through a pipe.
          let command =
            "exec 3>&1; LD_PRELOAD='\(preload)' '\(Built.worker)' '\(folder)' samples=192 2>&1 | cat >&3"
          let end = try ChildProcess.run(
            "/bin/bash", ["-o", "pipefail", "-c", command],
            environment: ["FAULT_CALL": "\(call)", "FAULT_ERRNO": "\(code)", "FAULT_HALF": "\(half)"])
          if end.code == 0 { break }
          tried += 1
          lost += bytesLost(folder)
          let errors = end.output.split(separator: "\n").filter { $0.hasPrefix("fault-worker: ") }
          let isClear = end.code == 1 && errors.count == 1 && errors[0].contains(message)
          #expect(isClear, "call \(call): \(end.output)")
          survived += try recovers(folder, options, expected) && isClear ? 1 : 0
        }
      }
      #expect(tried > 40 && survived == tried && lost == 0)
      Tally.shared.record(
        name, faults: tried, survived: survived, bytesLost: lost,
        how: "from each writing call on (errno \(code)); one clear line, then resumed")
    }

    @Test func aRealFullDiskIsSurvived() throws {
      let mount = scratch.path + "/small"
      try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
      let options = ["samples=6400", "bytes=1024"]
      let expected = try undisturbed(options)
      var tried = 0
      var survived = 0
      // Every size between too little for a manifest and nearly enough for the run. The file system vanishes with
      // the child's mount namespace, so what it held is copied out first.
      for kilobytes in stride(from: 64, to: 6000, by: 593) {
        let copy = "\(scratch.path)/copy-\(kilobytes)"
        let script = """
          mount -t tmpfs -o size=\(kilobytes)k tmpfs '\(mount)' || exit 77
          '\(Built.worker)' '\(mount)/run' \(options.joined(separator: " ")); code=$?
          cp -a '\(mount)/run' '\(copy)'; exit $code
          """
        let end = try ChildProcess.run("/usr/bin/env", ["unshare", "-rm", "/bin/bash", "-c", script])
        if end.code == 77 || end.code == 127 || end.output.contains("unshare") {
          print(
            "faults: no small file system can be mounted here; the full disk is tried by failing calls only")
          return
        }
        tried += 1
        #expect(end.code == 1 && end.output.contains("the disk is full"), "\(kilobytes) KiB: \(end.output)")
        survived += try bytesLost(copy) == 0 && recovers(copy, options, expected) ? 1 : 0
      }
      #expect(survived == tried)
      Tally.shared.record(
        "disk full, really", faults: tried, survived: survived,
        how: "a tmpfs of 64 KiB to 6 MiB; resumed elsewhere")
    }

    @Test func signalsInStormsEndTheRunInTimeAndCleanly() throws {
      let options = ["samples=12800", "tileMicroseconds=4000"]
      let expected = try undisturbed(options)
      let folder = scratch.path + "/run"
      var storms = 0
      var survived = 0
      var lost = 0
      var slowest = 0.0
      while storms < 40 {
        let child = try ChildProcess(Built.worker, [folder] + options)
        usleep(.random(in: 0..<60_000))
        let first = Bool.random() ? SIGINT : SIGTERM
        let clock = ContinuousClock.now
        child.signal(first)
        for _ in 0..<Int.random(in: 0..<8) {
          usleep(.random(in: 0..<500))
          child.signal(Bool.random() ? SIGINT : SIGTERM)
        }
        let end = child.wait()
        slowest = max(slowest, clock.duration(to: .now) / .seconds(1))
        if end.code == 0 { break }
        storms += 1
        // Before the handlers are in place, at the very start, the signal itself ends the process.
        let isClean = [130, 143].contains(end.code) || [SIGINT, SIGTERM].contains(end.signal)
        #expect(isClean, "\(end)")
        lost += bytesLost(folder)
        survived += isClean ? 1 : 0
      }
      let equal = try recovers(folder, options, expected)
      #expect(storms >= 20 && survived == storms && lost == 0 && slowest < 2 && equal)
      Tally.shared.record(
        "SIGINT and SIGTERM, singly and in storms", faults: storms, survived: equal ? survived : 0,
        bytesLost: lost,
        how: String(format: "1 to 8 signals; exit 130 or 143, the slowest after %.2f s", slowest))
    }

    @Test(arguments: [(SIGINT, 1), (SIGTERM, 1), (SIGINT, 2), (SIGTERM, 2)])
    func workThatNeverLooksAtTheSignalIsDroppedInTime(number: Int32, times: Int) throws {
      let folder = scratch.path + "/deaf"
      let expected = try undisturbed(["samples=128"])
      let child = try ChildProcess(
        Built.worker, [folder, "samples=128", "deaf=1", "tileMicroseconds=900000000"])
      usleep(400_000)
      for _ in 1..<times {
        child.signal(number)
        usleep(50_000)
      }
      let clock = ContinuousClock.now
      child.signal(number)
      let end = child.wait()
      let seconds = clock.duration(to: .now) / .seconds(1)
      let isInTime = end.code == 128 + number && seconds < (times == 1 ? 2 : 0.5)
      #expect(isInTime && end.output.contains("give the same command again"), "\(seconds) s: \(end)")
      let equal = try recovers(folder, ["samples=128"], expected)
      Tally.shared.record(
        "signal \(number), \(times == 1 ? "once" : "twice"), to work that does not listen", faults: 1,
        survived: isInTime && equal ? 1 : 0,
        how: times == 1 ? "the shard in hand is dropped within 2 s" : "the second ends the process at once")
    }

    @Test(arguments: [2, 4])
    func oneOfSeveralRanksIsKilledAndRunAgain(count: Int) throws {
      let options = ["samples=12800", "tileMicroseconds=2000"]
      let expected = try undisturbed(options)
      var survived = 0
      var lost = 0
      let trials = 5
      for trial in 0..<trials {
        let folder = "\(scratch.path)/ranks-\(trial)"
        let ranks = try (0..<count).map { rank in
          try ChildProcess(
            Built.worker, [folder] + options, environment: ["RANK": "\(rank)", "WORLD_SIZE": "\(count)"])
        }
        let victim = trial % count
        usleep(.random(in: 20_000..<150_000))
        ranks[victim].signal(SIGKILL)
        lost += bytesLost(folder)
        let ends = ranks.map { $0.wait() }
        #expect(
          ends.enumerated().allSatisfy {
            $0.offset == victim ? $0.element.signal == SIGKILL : $0.element.code == 0
          })
        let again = try ChildProcess.run(
          Built.worker, [folder] + options, environment: ["RANK": "\(victim)", "WORLD_SIZE": "\(count)"])
        #expect(again.code == 0, "\(again.output)")
        survived += results(folder) == expected ? 1 : 0
      }
      #expect(survived == trials && lost == 0)
      Tally.shared.record(
        "\(count) ranks at once, one killed", faults: trials, survived: survived, bytesLost: lost,
        how: "the killed rank is run again; the last to finish seals")
    }

    @Test func processesWithoutRanksShareTheWork() throws {
      let options = ["samples=12800", "tileMicroseconds=2000"]
      let expected = try undisturbed(options)
      let folder = scratch.path + "/run"
      let children = try (0..<4).map { _ in try ChildProcess(Built.worker, [folder] + options) }
      let ends = children.map { $0.wait() }
      let made = ends.map { end in
        end.output.split(separator: "\n").last { $0.hasPrefix("made ") }.flatMap {
          Int($0.dropFirst(5).prefix { $0.isNumber })
        } ?? 0
      }
      #expect(ends.allSatisfy { $0.code == 0 })
      #expect(made.reduce(0, +) == 200, "each shard is made once: \(made)")
      #expect(results(folder) == expected)
      Tally.shared.record(
        "4 processes started with the same command", faults: 4, survived: results(folder) == expected ? 4 : 0,
        how: "each of 200 shards was made exactly once")
    }

    @Test func aClockThatJumpsChangesNothing() throws {
      let preload = try #require(Built.preload)
      let options = ["samples=1280", "tileMicroseconds=5000"]
      let expected = try undisturbed(options)
      let folder = scratch.path + "/run"
      var jumps = 0
      while jumps < 10 {
        let child = try ChildProcess(
          Built.worker, [folder] + options, environment: ["LD_PRELOAD": preload, "FAULT_CLOCK": "1"])
        usleep(40_000)
        child.signal(SIGKILL)
        if child.wait().signal == nil { break }
        jumps += 1
        // Files from the future and from the past.
        for file in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] {
          let date = Date(timeIntervalSince1970: .random(in: 0..<4e9))
          try? FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: "\(folder)/\(file)")
        }
      }
      let equal = try recovers(folder, options, expected)
      #expect(equal && jumps > 0)
      Tally.shared.record(
        "clock jumps of up to ten years", faults: jumps, survived: equal ? jumps : 0,
        how: "at each reading of the clock; file dates set at random; kill -9 in between")
    }

    @Test func aMemoryLimitEndsTheProcessNotTheRun() throws {
      let options = ["samples=3200", "bytes=65536"]
      let expected = try undisturbed(options)
      let folder = scratch.path + "/run"
      var failures = 0
      for megabytes in stride(from: 40, to: 400, by: 20) {
        let command =
          "ulimit -v \(megabytes * 1024); exec '\(Built.worker)' '\(folder)' \(options.joined(separator: " "))"
        let end = try ChildProcess.run("/bin/bash", ["-c", command])
        if end.code != 0 { failures += 1 }
        #expect(bytesLost(folder) == 0)
      }
      let equal = try recovers(folder, options, expected)
      #expect(equal && failures > 0)
      Tally.shared.record(
        "memory limit (ulimit -v)", faults: failures, survived: equal ? failures : 0,
        how: "40 to 400 MiB of address space")
    }

    @Test func aFolderThatVanishesOrCannotBeWrittenIsNamed() throws {
      let options = ["samples=12800", "tileMicroseconds=4000"]
      let folder = scratch.path + "/run"
      let child = try ChildProcess(Built.worker, [folder] + options)
      usleep(150_000)
      try FileManager.default.moveItem(atPath: folder, toPath: folder + "-moved")
      let end = child.wait()
      #expect(end.code == 1 && end.output.contains("has vanished"), "\(end.output)")
      try FileManager.default.moveItem(atPath: folder + "-moved", toPath: folder)
      let equal = try recovers(folder, options, undisturbed(options))
      #expect(equal)
      Tally.shared.record(
        "folder moved away during the run", faults: 1, survived: equal ? 1 : 0,
        how: "one clear line; moved back, resumed")
    }
  }
}
