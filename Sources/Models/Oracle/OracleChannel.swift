import Formats
import Foundation
import Synchronization
import Torch

/// The conversation with an oracle, one question at a time, as `docs/oracle.md` describes it.
public final class OracleChannel: Sendable {
  /// The command that serves the model, or `fd:N`.
  public let name: String
  /// What the oracle says that it gives; nil where it does not say.
  public let gives: Output?
  /// The shape of one sample as the model is given it.
  let sampleShape: [Int]
  private let patience: Double
  private let report: @Sendable (String) -> Void
  private let process: OracleProcess
  private let state: Mutex<State>

  /// The largest message of an oracle's, and the most values that it may give for a batch.
  private static let longestText = 1 << 20
  private static let mostValues = 1 << 28
  /// Lines that may come before the answer to the greeting.
  private static let mostGreetings = 1000

  private struct State: ~Copyable {
    var memory: OracleMemory
    var received: [UInt8] = []
    var calls = 0
    /// Why nothing more can be asked.
    var failure: OracleError?
  }

  /// Starts the command and greets it.
  ///
  /// - Parameters:
  ///   - command: a line for `/bin/sh`, or `fd:N` for a socket whose other end the parent process holds.
  ///   - sampleShape: of one sample in the model's own form.
  ///   - patience: seconds to wait for an answer.
  ///   - report: takes the whole text of a model's exception, with its traceback.
  /// - Throws: ``OracleError``, `SystemError` where there is no memory to share.
  public init(
    _ command: String, sampleShape: [Int], patience: Double, report: @escaping @Sendable (String) -> Void
  ) throws {
    name = command
    self.sampleShape = sampleShape
    self.patience = patience
    self.report = report
    process = try OracleProcess(command)
    var state = State(memory: try OracleMemory(capacity: 64 * max(1, sampleShape.reduce(1, *))))
    let wire = OracleWire(process, name: command, patience: patience)
    let shape = sampleShape.map(String.init).joined(separator: ",")
    try wire.send("uae-oracle 1 \(state.memory.capacity) \(shape) \(state.memory.path)")
    var words = try wire.line(&state.received).split(separator: " ")
    // What scripts print before they serve is no answer.
    for _ in 0..<Self.mostGreetings where !["ready", "error"].contains(words.first) {
      report(words.joined(separator: " "))
      words = try wire.line(&state.received).split(separator: " ")
    }
    if words.first == "error" {
      let text = try wire.text(words, &state.received, atMost: Self.longestText)
      report(text)
      throw OracleError(command, Self.lastLine(text))
    }
    guard words.first == "ready", words.count <= 2 else {
      throw OracleError(command, "prints much and never answers 'ready'; see docs/oracle.md")
    }
    state.memory.forgetName()
    let kind = words.dropFirst().first.map(String.init)
    gives = kind.flatMap(Output.init)
    guard kind == nil || gives != nil else {
      throw OracleError(
        command,
        "gives '\(kind ?? "")'; known: \(Output.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.state = Mutex(state)
  }

  /// What the model gives for a batch, `[batch, …]`, and the number of the question.
  ///
  /// - Parameter isPulled: whether ``pull(_:_:call:)`` may follow.
  func outputs(_ x: Tensor, isPulled: Bool) throws -> (values: Tensor, call: Int) {
    try state.withLock { state in
      state.calls += 1
      let call = state.calls
      let shape = try ask(isPulled ? "outputs" : "values", call, &state, batch: x.shape[0], room: x.count) {
        $0.write(x, to: .samples)
      }
      return (state.memory.read(shape, from: .outputs), call)
    }
  }

  /// d(loss)/d(x), of `x`'s shape, from that of the outputs of an earlier question.
  func pull(_ gradient: Tensor, _ x: Tensor, call: Int) throws -> Tensor {
    try state.withLock { state in
      _ = try ask("pull", call, &state, batch: x.shape[0], room: max(x.count, gradient.count)) {
        $0.write(x, to: .samples)
        $0.write(gradient, to: .outputs)
      }
      return state.memory.read(x.shape, from: .gradients)
    }
  }

  /// The losses `[batch]` of a batch beside its originals, and the gradient of their sum with regard to it where that is
  /// wanted.
  func losses(_ x: Tensor, _ originals: Tensor, isPulled: Bool) throws -> (values: Tensor, gradient: Tensor?)
  {
    try state.withLock { state in
      state.calls += 1
      let call = state.calls
      let shape = try ask(isPulled ? "loss" : "values", call, &state, batch: x.shape[0], room: x.count) {
        $0.write(x, to: .samples)
        $0.write(originals, to: .originals)
      }
      guard shape.reduce(1, *) == x.shape[0] else {
        throw OracleError(
          name, "gives losses of shape \(shape) for \(x.shape[0]) samples; a loss is one value per sample")
      }
      let values = state.memory.read([x.shape[0]], from: .outputs)
      return (values, isPulled ? state.memory.read(x.shape, from: .gradients) : nil)
    }
  }

  /// Asks, with more room as often as the oracle needs it; gives the shape of the outputs.
  private func ask(
    _ question: String, _ call: Int, _ state: inout State, batch: Int, room: Int,
    _ fill: (borrowing OracleMemory) -> Void
  ) throws -> [Int] {
    if let failure = state.failure { throw failure }
    let wire = OracleWire(process, name: name, patience: patience)
    do {
      if room > state.memory.capacity { try grow(&state, to: room, wire) }
      for _ in 0..<2 {
        fill(state.memory)
        try wire.send("\(question) \(call) \(batch)")
        let words = try wire.line(&state.received).split(separator: " ")
        switch words.first {
        case "ok" where words.count <= 2:
          return try shape(words.count < 2 ? "" : words[1], batch: batch, capacity: state.memory.capacity)
        case "room":
          guard words.count == 2, let values = Int(words[1]), (1...Self.mostValues).contains(values) else {
            throw OracleError(name, "asks for room as '\(words.joined(separator: " ").prefix(60))'")
          }
          try grow(&state, to: values, wire)
        case "error":
          let text = try wire.text(words, &state.received, atMost: Self.longestText)
          report(text)
          throw ModelFailure(error: OracleError(name, Self.lastLine(text)))
        default:
          throw OracleError(
            name, "answers '\(words.joined(separator: " ").prefix(60))' to '\(question)'; see docs/oracle.md")
        }
      }
      throw OracleError(name, "asks for room again and again")
    } catch let failure as ModelFailure {
      // The oracle itself is well.
      throw failure.error
    } catch {
      process.end()
      let failure = error as? OracleError ?? OracleError(name, "\(error)")
      state.failure = failure
      throw failure
    }
  }

  private struct ModelFailure: Error { let error: OracleError }

  private func grow(_ state: inout State, to capacity: Int, _ wire: OracleWire) throws {
    state.memory = try OracleMemory(capacity: capacity)
    try wire.send("memory \(capacity) \(state.memory.path)")
    let answer = try wire.line(&state.received)
    guard answer == "ok" else {
      throw OracleError(name, "answers '\(answer.prefix(60))' to 'memory', not 'ok'")
    }
    state.memory.forgetName()
  }

  private func shape(_ text: Substring, batch: Int, capacity: Int) throws -> [Int] {
    guard !text.isEmpty else { return [] }
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let shape = numbers.compactMap(\.self)
    var count = 1
    let fits = shape.allSatisfy { size in
      guard size > 0, size <= capacity / count else { return false }
      count *= size
      return true
    }
    guard shape.count == numbers.count, shape.count <= 8, fits else {
      throw OracleError(
        name, "gives the shape '\(text.prefix(60))', which does not fit the memory of \(capacity) values")
    }
    return shape
  }

  private static func lastLine(_ text: String) -> String {
    String((text.split(whereSeparator: \.isNewline).last ?? "fails without a message").prefix(300))
  }
}
