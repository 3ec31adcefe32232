import Formats
import Foundation

/// Where a training stands: its tensors as an encoded file, and the small rest as JSON.
public struct Checkpoint: Sendable, Equatable {
  /// The number that orders checkpoints, for example optimiser steps done.
  public var step: Int
  /// Model and optimiser state, encoded as safetensors.
  public var tensors: Data
  /// Random streams, epoch, position in it: JSON.
  public var state: Data

  public init(step: Int, tensors: Data, state: Data) {
    self.step = step
    self.tensors = tensors
    self.state = state
  }
}

/// Checkpoints of one training in a folder: `step-<n>.safetensors` and `step-<n>.json`, the last two kept.
///
/// The JSON file is written after the tensors and holds the digests of both parts, so a checkpoint counts only once
/// it is complete, and a damaged one is passed over for the one before.
public struct CheckpointStore: Sendable {
  private let folder: String
  private let identity: String

  /// - Parameter identity: what this training is (recipe, data digest…); checkpoints of another are never loaded.
  /// - Throws: `RunError.storage` if the folder cannot be made.
  public init(folder: String, identity: String) throws(RunError) {
    self.folder = folder
    self.identity = SHA256.digest(of: Array(identity.utf8))
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .storage(SystemError("create", folder, code: EACCES))
    }
  }

  /// Writes a checkpoint, then removes all but the last two.
  ///
  /// - Throws: `RunError.checkpoint` for a negative step, `RunError.storage`.
  public func save(_ checkpoint: Checkpoint) throws(RunError) {
    guard checkpoint.step >= 0 else { throw .checkpoint("step \(checkpoint.step) is negative") }
    let proof = Proof(
      step: checkpoint.step, identity: identity, tensors: SHA256.digest(of: checkpoint.tensors),
      state: String(decoding: checkpoint.state, as: UTF8.self))
    try storing { () throws(SystemError) in
      try AtomicFile.write(checkpoint.tensors, to: path(checkpoint.step, "safetensors"))
      try AtomicFile.write(proof.encoded, to: path(checkpoint.step, "json"))
    }
    for step in steps.dropFirst(2) {
      unlink(path(step, "json"))
      unlink(path(step, "safetensors"))
    }
  }

  /// The newest checkpoint that is whole and belongs to this training; nil if there is none.
  ///
  /// - Parameter note: told, one line each, which checkpoints were passed over and why.
  public func latest(note: (String) -> Void = { _ in }) -> Checkpoint? {
    for step in steps {
      let file = path(step, "json")
      guard let bytes = FileManager.default.contents(atPath: file), let proof = Proof(bytes),
        proof.step == step
      else {
        note("\(file) is damaged: the checkpoint before it is used")
        continue
      }
      guard proof.identity == identity else {
        note("\(file) belongs to another training: it is not used")
        continue
      }
      guard let tensors = FileManager.default.contents(atPath: path(step, "safetensors")),
        SHA256.digest(of: tensors) == proof.tensors
      else {
        note("\(path(step, "safetensors")) is missing or damaged: the checkpoint before it is used")
        continue
      }
      return Checkpoint(step: step, tensors: tensors, state: Data(proof.state.utf8))
    }
    return nil
  }

  /// Steps with a JSON file, newest first.
  private var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".json") else { return nil }
      return Int(name.dropFirst(5).dropLast(5))
    }.sorted(by: >)
  }

  private func path(_ step: Int, _ type: String) -> String { "\(folder)/step-\(step).\(type)" }

  private struct Proof: Codable {
    var step: Int
    var identity: String
    var tensors: String
    var state: String
    var check = ""

    init(step: Int, identity: String, tensors: String, state: String) {
      self.step = step
      self.identity = identity
      self.tensors = tensors
      self.state = state
      check = digest
    }

    init?(_ bytes: Data) {
      guard let proof = try? JSONDecoder().decode(Proof.self, from: bytes), proof.check == proof.digest else {
        return nil
      }
      self = proof
    }

    var encoded: Data {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      // Strings and integers always encode.
      return (try? encoder.encode(self)) ?? Data()
    }

    private var digest: String {
      SHA256.digest(of: Array([String(step), identity, tensors, state].joined(separator: "\n").utf8))
    }
  }
}
