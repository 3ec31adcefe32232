import Foundation
import Models
import Testing
import Torch

/// What a question to another process costs besides the model. Alone, since others' work would be counted.
@Suite(
  .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["UAE_SPEED"] != nil, "measured with UAE_SPEED=1 only"))
struct OracleSpeedTests {
  /// An oracle of NumPy's that hands the samples on: the numbers still cross both ways.
  private static let echo = """
    import mmap, sys, numpy as np
    _, _, capacity, shape, path = sys.stdin.readline().split(maxsplit=4)
    capacity = int(capacity)
    with open(path.strip(), "r+b") as file:
        memory = np.frombuffer(mmap.mmap(file.fileno(), 16 * capacity), np.float32).reshape(4, capacity)
    print("ready", flush=True)
    for line in sys.stdin:
        question, call, batch = line.split()
        memory[3 if question == "pull" else 2] = memory[2 if question == "pull" else 0]
        print("ok" if question == "pull" else f"ok {batch},{shape}", flush=True)
    """

  @Test func aQuestionAndItsAnswerTakeLittleTime() throws {
    // As attacks have it, whose tiles are each on one thread: LibTorch's own would wait for each other in a copy.
    LibTorch.setThreads(1)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("echo-\(UUID().uuidString).py")
      .path
    try Self.echo.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let channel = try OracleChannel("exec python3 '\(path)'", sampleShape: [784], patience: 60) { _ in }
    let samples = Tensor(RandomStream(seed: 1, purpose: .start).uniform(64 * 784), [64, 784])
    let model = try OracleModel(
      channel, input: ScriptInput(sampleShape: [784]), samples: samples, use: .reconstruction)
    var values: [Double] = []
    for _ in 0..<2000 {
      let start = ContinuousClock.now
      let y = try withoutGrad { try model.output(.reconstruction, of: samples) }
      values.append((ContinuousClock.now - start) / .microseconds(1))
      #expect(y.shape == [64, 784])
    }
    let median = values.sorted()[values.count / 2]
    print("oracle: \(median) µs a question of 64 × 784, the smallest \(values.min() ?? 0)")
    #expect(median <= 150)
  }
}
