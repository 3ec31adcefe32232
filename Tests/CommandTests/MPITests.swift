import Foundation
import Testing

/// Training by several processes, with the machine's own OpenMPI.
@Suite(.serialized) struct MPITests {
  private static let mpirun = ["/usr/bin/mpirun", "/usr/local/bin/mpirun", "/opt/homebrew/bin/mpirun"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  private let folder: TemporaryFolder
  private let programs = URL(fileURLWithPath: program).deletingLastPathComponent()

  init() throws { folder = try TemporaryFolder() }

  private func started(_ count: Int, _ command: [String]) throws -> Finished {
    var environment = ProcessInfo.processInfo.environment
    // Containers, in which tests run, have no other user than root and few cores.
    environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    return try run(
      [try #require(Self.mpirun), "--oversubscribe", "--bind-to", "none", "-n", "\(count)"] + command,
      environment: environment)
  }

  @Test(
    .enabled(if: mpirun != nil, "no mpirun here: on Debian it comes with openmpi-bin"), .tags(.slow))
  func processesHaveTheLossAndTheGradientsOfOne() throws {
    let worker = programs.appending(path: "mpi-worker").path
    func values(_ count: Int) throws -> [Double] {
      let file = folder.url.appending(path: "\(count).json")
      let result = try started(count, [worker, file.path])
      #expect(result.status == 0, "\(result.errors)")
      return try JSONDecoder().decode([Double].self, from: Data(contentsOf: file))
    }
    let one = try values(1)
    let scale = one.dropFirst(2).map { abs($0) }.max() ?? 0
    #expect(scale > 1e-3)
    for count in [2, 4] {
      let all = try values(count)
      #expect(all.count == one.count && all[1] == Double(count))
      #expect(abs(all[0] - one[0]) < 1e-6 * one[0])
      let worst = zip(all, one).dropFirst(2).map { abs($0 - $1) }.max() ?? 1
      #expect(worst < 1e-6 * max(1, scale))
    }
  }

  /// Four processes write one checkpoint, say one line each thing, and end in peace.
  @Test(
    .enabled(if: mpirun != nil, "no mpirun here: on Debian it comes with openmpi-bin"), .tags(.slow))
  func trainingBySeveralProcessesWritesOneModel() throws {
    let out = folder.url.appending(path: "model.safetensors").path
    let command = [
      program, "train", "--family", "simclr-convnet", "--code", "16", "--epochs",
      "2", "--batch-size", "64", "--limit", "200", "--threads", "1", "--out", out,
    ]
    let result = try started(4, command)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("linear head"))
    #expect(result.output.split(separator: "\n").count == 1)
    #expect(FileManager.default.fileExists(atPath: out))
    #expect(!FileManager.default.fileExists(atPath: out + ".training"))
  }

  @Test func whatCannotBeSharedIsRefused() throws {
    func refused(_ arguments: [String], _ environment: [String: String]) throws -> Finished {
      let out = folder.url.appending(path: "none.safetensors").path
      var all = ProcessInfo.processInfo.environment
      all.merge(environment) { $1 }
      let result = try run([program, "train", "--out", out] + arguments, environment: all)
      #expect(result.status != 0 && result.output.isEmpty)
      #expect(!FileManager.default.fileExists(atPath: out))
      return result
    }
    let two = ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"]
    let absent = try refused(
      ["--family", "simclr-convnet", "--code", "16"], two.merging(["UAE_MPI": "/no/libmpi.so"]) { $1 })
    #expect(absent.errors.split(separator: "\n").count == 1, "\(absent.errors)")
    #expect(absent.errors.contains("OpenMPI's library cannot be opened"))
    let other = try refused(["--family", "dense-autoencoder"], two)
    #expect(other.errors.contains("contrastive"), "\(other.errors)")
  }
}
