import Formats
import Foundation
import Models
import Torch

/// A program of torch.export beside TorchScript's for the same network: forward and gradient of the input for one batch,
/// in processor time of one thread, which other work on the machine disturbs less than the clock.
struct ProgramRow: Codable {
  var model: String
  var batch: Int
  /// Of the repetitions, by turns.
  var exported: [Double] = []
  var script: [Double] = []

  /// - Parameter folder: what `Benchmarks/exported/models.py` made.
  /// - Returns: nil where there is no TorchScript that can be differentiated: attention traced without gradients has none.
  init?(_ folder: String, _ model: String, quick: Bool) throws {
    let path = "\(folder)/\(model)"
    guard FileManager.default.fileExists(atPath: path + ".pt") else { return nil }
    let file = try Safetensors.open(path + ".safetensors")
    batch = 64
    guard file.names.contains("x\(batch)") else { return nil }
    self.model = model
    let array = try file.array("x\(batch)")
    let x = Tensor(array.floats(), array.shape)
    let programs = try ["pt2", "pt"].map { try ScriptModel.open("\(path).\($0)", on: .cpu) }
    func call(_ program: any ModelProgram) throws {
      let leaf = x.requiringGrad()
      let y = try program.tensors("forward", [.tensor(leaf)])[0].tensor
      _ = try grad(y.sum(), [leaf])
    }
    // TorchScript optimises what it has seen a few times.
    for program in programs {
      for _ in 0..<3 {
        do { try call(program) } catch {
          if program is Script { return nil }
          throw error
        }
      }
    }
    let first = try measured { try call(programs[0]) }
    // Some calls a turn, so that a turn is no shorter than a clock and a change of processes allow.
    let calls = max(1, Int(0.02 / first))
    for _ in 0..<(quick ? 3 : 41) {
      exported.append(try processorTime { for _ in 0..<calls { try call(programs[0]) } } / Double(calls))
      script.append(try processorTime { for _ in 0..<calls { try call(programs[1]) } } / Double(calls))
    }
  }
}

/// How long it takes until a file's program can be called, the file being in the system's cache.
struct OpeningRow: Codable {
  var model: String
  var megabytes: Double
  var seconds: [Double] = []
  var processorSeconds: [Double] = []
  /// What the process grows by while the file is open and nothing was computed.
  var residentMegabytes = 0.0

  init(_ folder: String, _ model: String, quick: Bool) throws {
    self.model = model
    let path = "\(folder)/\(model).pt2"
    let file = try FileBytes(mapping: path)
    megabytes = Double(file.count) / 1e6
    file.withBytes(in: 0..<file.count) { _ = $0.reduce(0 as UInt8, ^) }
    let before = PeakMemory.resident
    var kept: [any ModelProgram] = []
    for _ in 0..<(quick ? 3 : 11) {
      processorSeconds.append(
        try processorTime {
          seconds.append(try measured { kept = [try ScriptModel.open(path, on: .cpu)] })
        })
    }
    residentMegabytes = PeakMemory.resident - before
    withExtendedLifetime((kept, file)) {}
  }
}

/// The process's seconds of processors while the body runs.
private func processorTime(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
  let start = now()
  try body()
  return now() - start
}

/// Both, of all that `Benchmarks/exported/models.py` made.
struct ProgramRows: Encodable {
  var calls: [ProgramRow]
  var openings: [OpeningRow]

  /// - Parameter folder: of its files.
  init(_ folder: String, quick: Bool) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".pt2") }.map { String($0.dropLast(4)) }.sorted()
    calls = try LibTorch.withThreads(1) { try names.compactMap { try ProgramRow(folder, $0, quick: quick) } }
    let sizes = try names.map { ($0, try FileBytes(mapping: "\(folder)/\($0).pt2").count) }
    openings = try sizes.filter { $1 >= 80_000_000 }.map { try OpeningRow(folder, $0.0, quick: quick) }
  }
}
