import Torch

/// Runs a model on a few samples and says what of its behaviour would spoil an attack.
///
/// What a model *does* is tested, since a frozen TorchScript may ignore the evaluation mode that it is put into.
public struct ModelInspection {
  /// What a test found.
  public struct Finding: Equatable, Sendable {
    /// What was tested.
    public let subject: String
    /// What was found, in one line.
    public let text: String
    /// Whether an attack on this model would be meaningless.
    public let spoils: Bool
    /// Whether it would merely find nothing, and say so.
    public let isVain: Bool

    /// A finding that spoils nothing, unless that is said.
    public init(_ subject: String, _ text: String, spoils: Bool = false, isVain: Bool = false) {
      self.subject = subject
      self.text = text
      self.spoils = spoils
      self.isVain = isVain
    }
  }

  private let samples: Tensor
  private let batchSize: Int
  private let model: (Tensor) throws -> Tensor

  /// - Parameters:
  ///   - samples: `[count, …]` in [0, 1]; the first eight are used.
  ///   - batchSize: the largest batch that the model will be given.
  ///   - model: `[batch, …]` → `[batch, …]`.
  public init(_ samples: Tensor, batchSize: Int = 64, model: @escaping (Tensor) throws -> Tensor) {
    self.samples = samples[0..<min(8, samples.shape[0])]
    self.batchSize = batchSize
    self.model = model
  }

  /// One finding per property, good or bad. After a spoiling one, those that depend on it are left out.
  public func findings() -> [Finding] {
    withoutGrad {
      var found: [Finding] = []
      for check in [runs, isFinite, isDeterministic, keepsSamplesApart, takesWholeTiles] {
        let finding = (try? check()) ?? Finding("forward pass", "fails on the samples", spoils: true)
        found.append(finding)
        if finding.spoils { break }
      }
      return found
    }
  }

  /// The first finding that spoils an attack.
  public var obstacle: Finding? { findings().first(where: \.spoils) }

  private func runs() -> Finding {
    do {
      let y = try model(samples)
      guard y.shape.first == samples.shape[0], y.count > 0 else {
        return Finding(
          "forward pass", "gives the shape \(y.shape) for \(samples.shape[0]) samples", spoils: true)
      }
      return Finding("forward pass", "\(samples.shape) → \(y.shape)")
    } catch { return Finding("forward pass", "fails: \(error)", spoils: true) }
  }

  private func isFinite() throws -> Finding {
    let perSample = try model(samples).flattened().isFinite.to(.float32).min(1).bools
    if let first = perSample.firstIndex(of: false) {
      return Finding(
        "finite", "NaN or infinity in the output for sample \(first); check range and weights", spoils: true)
    }
    return Finding("finite", "no NaN or infinity in the output")
  }

  private func isDeterministic() throws -> Finding {
    let difference = try distance(model(samples), model(samples))
    return difference <= 1e-5
      ? Finding("deterministic", "the same input gives the same output")
      : Finding(
        "deterministic",
        "the same input twice gives outputs that differ by \(percent(difference)): dropout or sampling "
          + "in evaluation mode; export it in eval() and decode the mean", spoils: true)
  }

  private func keepsSamplesApart() throws -> Finding {
    let count = samples.shape[0]
    let together = try model(samples)
    let alone: Tensor, beside: Tensor
    do {
      alone = try concatenated((0..<count).map { try model(samples[$0..<$0 + 1]) })
      // The same first sample with other neighbours: constant ones, which change every batch statistic.
      beside = try model(
        concatenated([samples[0..<1], Tensor.full(samples.shape, 1, device: samples.device)]))
    } catch {
      return Finding(
        "batch",
        "fails on a single sample (\(error)): exported in training mode, or traced with a fixed batch size",
        spoils: true)
    }
    guard alone.shape == together.shape, beside.shape.dropFirst() == together.shape.dropFirst() else {
      return Finding(
        "batch", "the output's shape depends on the batch size: \(alone.shape), \(together.shape)",
        spoils: true)
    }
    let difference = max(distance(alone, together), distance(beside[0..<1], together[0..<1]))
    let cause =
      samples.shape.count >= 3
      ? "an axis that is taken for the batch, as time is without batch_first=True" : "statistics of the batch"
    return difference <= 1e-2
      ? Finding("batch", "a sample's output does not depend on its batch")
      : Finding(
        "batch",
        "a sample's output changes by \(percent(difference)) with the rest of its batch: batch norm in training "
          + "mode (export the model in eval()), or \(cause)", spoils: true)
  }

  private func takesWholeTiles() -> Finding {
    let repeated = samples.gathered((0..<batchSize).map { $0 % samples.shape[0] })
    do {
      let shape = try model(repeated).shape
      guard shape.first == batchSize else {
        return Finding("batch size", "gives the shape \(shape) for \(batchSize) samples", spoils: true)
      }
      return Finding("batch size", "takes 1 to \(batchSize) samples at a time")
    } catch {
      return Finding(
        "batch size", "fails on \(batchSize) samples (\(error)): traced with a fixed batch size?",
        spoils: true)
    }
  }

  /// The largest difference, relative to the largest value; infinite where either is not finite.
  private func distance(_ a: Tensor, _ b: Tensor) -> Double {
    let largest = a.reshaped([1, -1]).abs().max(1).item
    let difference = (a - b).reshaped([1, -1]).abs().max(1).item
    return difference.isFinite ? difference / max(largest, 1e-30) : .infinity
  }

  private func percent(_ share: Double) -> String {
    share.isFinite && share < 1e6 ? "\((share * 1000).rounded() / 10) %" : "more than can be told"
  }
}

extension ModelInspection {
  /// Inspects what a model gives for a few samples.
  public init(_ model: any Model, _ output: Output, _ samples: Tensor, batchSize: Int = 64) {
    self.init(samples, batchSize: batchSize) { try model.output(output, of: $0) }
  }

  /// Refuses a model whose behaviour would spoil an attack.
  /// - Throws: ``ScriptError`` with the first reason.
  public static func verify(_ model: any Model, _ output: Output, _ samples: Tensor) throws {
    try verify(model.name, samples) { try model.output(output, of: $0) }
  }

  static func verify(_ name: String, _ samples: Tensor, _ output: @escaping (Tensor) throws -> Tensor) throws
  {
    guard let obstacle = ModelInspection(samples, model: output).obstacle else { return }
    throw ScriptError(name, "\(obstacle.subject): \(obstacle.text)")
  }
}
