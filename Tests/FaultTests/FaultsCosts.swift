import Foundation
import Runs
import Testing

extension Faults {
  /// What durability costs: time, memory, and the wait for a status.
  @Suite(.serialized) struct Costs {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func statusOfTenThousandShardsIsQuick() throws {
      let preload = try #require(Built.preload)
      let half = scratch.path + "/half"
      let options = ["samples=1280000", "shard=64", "bytes=8"]
      // Rank 0 of 2: ten thousand shards in a journal, ten thousand missing.
      let end = try ChildProcess.run(
        Built.worker, [half] + options,
        environment: ["LD_PRELOAD": preload, "FAULT_NOSYNC": "1", "RANK": "0", "WORLD_SIZE": "2"])
      try #require(end.code == 0, "\(end.output)")
      let ends = try (0..<7).map { _ in
        let end = try ChildProcess.run(Built.uae, ["status", half])
        #expect(end.code == 0 && end.output.contains("10000 of 20000 shards"), "\(end.output)")
        return end
      }
      let wall = ends.map(\.seconds).sorted()[3]
      let processor = ends.map(\.processorSeconds).sorted()[3]
      #if !DEBUG
        #expect(processor < 0.2)
        if machineIsQuiet { #expect(wall < 0.2) }
      #endif
      Tally.shared.figure(
        "`uae status`, 10,000 finished shards of 20,000",
        String(format: "%.3f s of processor time, %.3f s in all (medians of 7)", processor, wall)
          + (machineIsQuiet ? "" : ", on a busy machine"),
        bound: "0.2 s")
    }

    /// MNIST where it is, the embedded digits elsewhere.
    private var data: (name: String, arguments: [String], samples: Int) {
      let root = ProcessInfo.processInfo.environment["UAE_DATA"] ?? ""
      return access(root + "/mnist/train-images-idx3-ubyte.gz", F_OK) == 0
        ? ("MNIST", ["--dataset", "mnist"], 20_000) : ("digits", ["--dataset", "digits"], 1437)
    }

    @Test func writingCostsLittleAndMemoryDoesNotGrow() throws {
      let (name, dataset, samples) = data
      let model = scratch.path + "/model.safetensors"
      let limit = ["--limit", "\(samples)"]
      let trained = try ChildProcess.run(
        Built.uae, ["train"] + dataset + limit + ["--epochs", "1", "--out", model])
      try #require(trained.code == 0, "\(trained.output)")
      func attack(_ folder: String) throws -> ChildProcess {
        try ChildProcess(Built.uae, ["attack"] + dataset + limit + ["--checkpoint", model, "--out", folder])
      }

      let early = scratch.path + "/early"
      let child = try attack(early)
      while MetricsLog.rows(path: early + "/metrics.csv").count < max(1, samples / 512 / 8) { usleep(20_000) }
      child.signal(SIGTERM)
      let eighth = child.wait(watchesMemory: true)
      #expect(eighth.code == 143, "\(eighth.output)")

      let folder = scratch.path + "/run"
      let whole = try attack(folder).wait(watchesMemory: true)
      #expect(whole.code == 0, "\(whole.output)")
      let rows = MetricsLog.rows(path: folder + "/metrics.csv")
      let seconds = rows.reduce(0) { $0 + ($1["seconds"].flatMap { Double($0) } ?? 0) }
      let storing = rows.reduce(0) { $0 + ($1["storingSeconds"].flatMap { Double($0) } ?? 0) }
      if name == "MNIST", machineIsQuiet { #expect(storing / seconds < 0.02) }
      Tally.shared.figure(
        "hashing, writing, syncing and listing shards, \(name), default recipe",
        String(format: "%.2f %% of generation time", 100 * storing / seconds)
          + (machineIsQuiet ? "" : ", on a busy machine"),
        bound: "2 %")
      guard let peak = whole.peakKiB, let first = eighth.peakKiB else { return }
      let growth = Double(peak) / Double(first) - 1
      #expect(growth < 0.1)
      Tally.shared.figure(
        "peak memory after \(samples) samples against after an eighth of them, \(name)",
        String(
          format: "%+.1f %% (%d against %d MiB)", 100 * growth, peak >> 10, first >> 10),
        bound: "10 %")
    }
  }
}
