import Foundation
import Models
import Synchronization
import Testing
import Torch

/// Models that another process serves. The oracle is the one in `docs/oracle.md`, or a changed copy of it.
@Suite struct OracleTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("oracle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// The page's own oracle, after some replacements.
  private func command(_ changes: [(String, String)] = []) throws -> String {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/oracle.md")
    let blocks = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```python\n")
    var source = try #require(blocks.last?.components(separatedBy: "```").first)
    for (old, new) in changes {
      try #require(source.contains(old), "the page's oracle no longer has: \(old)")
      source = source.replacingOccurrences(of: old, with: new)
    }
    let path = folder.appendingPathComponent("oracle-\(UUID().uuidString).py").path
    try source.write(toFile: path, atomically: true, encoding: .utf8)
    return "exec python3 '\(path)'"
  }

  private func channel(
    _ changes: [(String, String)] = [], shape: [Int] = [3], patience: Double = 60,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> OracleChannel {
    try OracleChannel(command(changes), sampleShape: shape, patience: patience, report: report)
  }

  private func model(_ channel: OracleChannel, _ samples: Tensor, use: Output? = nil) throws -> OracleModel {
    let input = ScriptInput(sampleShape: Array(samples.shape.dropFirst()))
    return try OracleModel(channel, input: input, samples: samples, use: use)
  }

  private let samples = Tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6] as [Float], [2, 3])

  @Test func outputsAndGradientsAreThoseOfTheOther() throws {
    let model = try model(channel(), samples)
    #expect(model.outputs == [.reconstruction])
    let x = samples.requiringGrad()
    let y = try withGrad { try model.output(.reconstruction, of: x) }
    for (a, b) in zip(y.floats, samples.floats) { #expect(abs(a - (0.9 * b + 0.05)) < 1e-6) }
    // d/dx Σ y² = 2 · 0.9 · y.
    let gradient = try #require(try withGrad { try grad(y.square().sum(), [x])[0] })
    for (g, b) in zip(gradient.floats, y.floats) { #expect(abs(g - 1.8 * b) < 1e-6) }
    // Nothing is recorded where nothing need be.
    #expect(try withoutGrad { try model.output(.reconstruction, of: x) }.requiresGrad == false)
  }

  @Test func aLossBringsItsGradientWeightedBySample() throws {
    let loss = """
      elif question == "loss":
          for row in range(batch):
              x = memory[row * size : (row + 1) * size]
              o = memory[capacity + row * size : capacity + (row + 1) * size]
              memory[2 * capacity + row] = sum((a - b) ** 2 for a, b in zip(x, o))
              for i in range(size):
                  memory[3 * capacity + row * size + i] = 2 * (x[i] - o[i])
          print(f"ok {batch}", flush=True)
      """.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    let model = try model(
      channel([
        (#"print("ready", flush=True)"#, #"print("ready loss", flush=True)"#),
        (#"print(f"ok {batch},{shape}", flush=True)"#, #"print(f"ok {batch}", flush=True)"#),
        ("    else:\n", loss + "\n    else:\n"),
      ]), samples)
    #expect(model.outputs == [.loss])
    let x = (samples + 0.5).requiringGrad()
    let losses = try withGrad { try model.output(.loss, of: x, original: samples) }
    #expect(losses.floats.allSatisfy { abs($0 - 0.75) < 1e-5 })
    let weighted = try withGrad { try grad((losses * Tensor([1, -2] as [Float], [2])).sum(), [x])[0] }
    let expected: [Float] = [1, 1, 1, -2, -2, -2]
    for (a, b) in zip(try #require(weighted).floats, expected) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func whatAModelThrowsIsToldWholeAndTheOracleLivesOn() throws {
    let told = Mutex<[String]>([])
    let model = try model(
      channel([
        ("    count = batch * size\n", "    count = batch * size\n    import traceback\n"),
        (
          #"    if question in ("values", "outputs"):"#,
          """
              if memory[0] > 5:
                  try:
                      1 / 0
                  except ZeroDivisionError:
                      text = traceback.format_exc()
                      print(f"error {len(text)}\\n{text}", end="", flush=True)
              elif question in ("values", "outputs"):
          """
        ),
      ]) { text in told.withLock { $0.append(text) } }, samples)
    #expect {
      try model.output(.reconstruction, of: samples + 9)
    } throws: { error in
      "\(error)".hasSuffix("ZeroDivisionError: division by zero") && !"\(error)".contains("\n")
    }
    #expect(told.withLock { $0.count == 1 && $0[0].contains("Traceback") && $0[0].contains("1 / 0") })
    #expect(try model.output(.reconstruction, of: samples).count == 6)
  }

  @Test func outputsMayBeLargerThanTheMemory() throws {
    let wide = try channel([
      (
        #"        memory[2 * capacity : 2 * capacity + count] = memoryview(array.array("f", (0.9 * x + 0.05 for x in memory[:count])))"#,
        """
                if batch * 1000 > capacity:
                    print(f"room {batch * 1000}", flush=True)
                    continue
                memory[2 * capacity : 2 * capacity + batch * 1000] = memoryview(array.array("f", [7] * (batch * 1000)))
        """
      ), (#"print(f"ok {batch},{shape}", flush=True)"#, #"print(f"ok {batch},1000", flush=True)"#),
    ])
    let logits = try model(wide, samples, use: .logits).output(.logits, of: samples)
    #expect(logits.shape == [2, 1000])
    #expect(logits.floats.allSatisfy { $0 == 7 })
  }

  @Test func everyFaultIsOneLine() throws {
    func fault(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch { return "\(error)" }
    }
    let silent = fault { _ = try OracleChannel("sleep 100", sampleShape: [3], patience: 0.3) { _ in } }
    #expect(silent.contains("gave no answer within 0.3 s"), "\(silent)")
    let dead = fault { _ = try OracleChannel("exit 3", sampleShape: [3], patience: 60) { _ in } }
    #expect(dead.contains("ended with status 3"), "\(dead)")
    let other = fault {
      _ = try OracleChannel("echo ready dreams; sleep 9", sampleShape: [3], patience: 60) { _ in }
    }
    #expect(other.contains("gives 'dreams'"), "\(other)")
    for (answer, says) in [
      (#"print("ok 2,3,99999999999999999999", flush=True)"#, "does not fit"),
      (#"print("ok -1", flush=True)"#, "does not fit"),
      (#"print("ok 4611686018427387904,4", flush=True)"#, "does not fit"),
      (#"print("hm", flush=True)"#, "answers 'hm'"),
      (#"print("room 0", flush=True)"#, "asks for room"),
      (#"print("error -4", flush=True)"#, "without the size"),
      ("sys.exit(4)", "ended with status 4"), (#"print("x" * 9999, end="", flush=True)"#, "without end"),
    ] {
      let wrong = fault {
        let model = try self.model(channel([(#"print(f"ok {batch},{shape}", flush=True)"#, answer)]), samples)
        _ = try model.output(.reconstruction, of: samples)
      }
      #expect(wrong.contains(says) && !wrong.contains("\n"), "\(answer): \(wrong)")
    }
  }

  @Test func nothingOutlivesTheChannel() throws {
    let mark = folder.appendingPathComponent("pid").path
    do {
      // A child of the command's own, which does not listen.
      _ = try? OracleChannel("sleep 1000 & echo $! > '\(mark)'; wait", sampleShape: [3], patience: 0.5) { _ in
      }
    }
    let text = try String(contentsOfFile: mark, encoding: .utf8).trimmingCharacters(
      in: .whitespacesAndNewlines)
    let process = try #require(pid_t(text))
    var isGone = false
    for _ in 0..<100 where !isGone {
      isGone =
        (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)).map { $0.contains(") Z ") }
        ?? true
      if !isGone { usleep(20_000) }
    }
    #expect(isGone)
  }
}
