import Torch

/// Per-sample MINE (Belghazi et al. 2018; the paper's "per-sample MINE"): a small network T for each sample, trained by
/// Adam to ascend the Donsker-Varadhan bound I = mean_k T(x_k, y_k) − log mean_k exp T(x_k, y_π(k)) over K views of the
/// sample and of its perturbed twin, with a fresh permutation π a step.
public enum MINE {
  /// The network T.
  public enum Architecture: String, Codable, CaseIterable, Sendable {
    /// T(x_k, y_k) = v · relu(W_x x_k + W_y y_k + b).
    case vanilla
    /// The authors' code: a branch of convolution 16@2×2 → dense 512 → dense H, all linear, for each of x and y (no
    /// convolution for views that are vectors); ReLU of the sum; dense 1 without bias.
    case authors
  }

  /// How the statistics network looks and is trained.
  public struct Configuration: Hashable, Codable, Sendable {
    /// The network's form.
    public var architecture = Architecture.vanilla
    /// H ≥ 1. The native kernel computes 16 at a time, so 16 cost as much as 10.
    public var hiddenUnits = 16
    /// Adam's steps in each iteration of a solver.
    public var stepsPerIteration = 20
    /// Adam's step size. The authors' 1.5e-5 belongs to their 12 million weights; see `docs/performance.md`.
    public var learningRate: Float = 1e-3
    /// Adam's decay rates and the ε of its denominator.
    public var beta1: Float = 0.9
    /// Adam's decay of the second moment.
    public var beta2: Float = 0.999
    /// What Adam adds to the root of the second moment.
    public var epsilon: Float = 1e-8

    /// The usual settings but for those that are given.
    public init(
      architecture: Architecture = .vanilla, hiddenUnits: Int = 16, stepsPerIteration: Int = 20,
      learningRate: Float = 1e-3
    ) {
      self.architecture = architecture
      self.hiddenUnits = hiddenUnits
      self.stepsPerIteration = stepsPerIteration
      self.learningRate = learningRate
    }

    /// - Throws: ``MINEError`` that names the first value out of range.
    public func validate() throws {
      func require(_ holds: Bool, _ what: String) throws {
        guard holds else { throw MINEError(description: "MINE's \(what)") }
      }
      try require(hiddenUnits >= 1, "hidden units must be at least 1, not \(hiddenUnits)")
      try require(stepsPerIteration >= 0, "steps an iteration must not be negative, as \(stepsPerIteration)")
      try require(
        learningRate.isFinite && learningRate > 0, "learning rate must be positive, not \(learningRate)")
      try require((0..<1).contains(beta1), "beta1 must be at least 0 and below 1, not \(beta1)")
      try require((0..<1).contains(beta2), "beta2 must be at least 0 and below 1, not \(beta2)")
      try require(epsilon.isFinite && epsilon > 0, "epsilon must be positive, not \(epsilon)")
    }

    /// Bytes of one sample's weights and of Adam's two moments, for views of the given shape.
    public func stateBytes(viewShape: [Int]) -> Int {
      let weights =
        switch architecture {
        case .vanilla: 2 * hiddenUnits * (viewShape.reduce(1, *) + 1)
        case .authors:
          2 * AuthorsBranch.parameterCount(viewShape: viewShape, hidden: hiddenUnits) + hiddenUnits
        }
      return weights * 3 * MemoryLayout<Float>.size
    }
  }

  /// The bound of each sample and its gradient with respect to the views of the perturbed sample.
  public struct Estimate: Sendable {
    /// I `[samples]`, nats.
    public let values: Tensor
    /// ∂I/∂y `[samples, K, D]`.
    public let gradient: Tensor
  }

  /// Estimators, fresh from their initial weights, for a group of samples.
  ///
  /// - Parameters:
  ///   - views: K.
  ///   - viewShape: the shape of a view, `[D]` or `[height, width]`.
  ///   - seed: the run's.
  ///   - indices: the samples', from which with the seed all random numbers come.
  ///   - device: where views will be. On the CPU the vanilla network runs in the fused native kernel.
  /// - Throws: ``MINEError`` for a configuration that makes no sense.
  public static func estimator(
    _ configuration: Configuration, views: Int, viewShape: [Int], seed: UInt64, indices: [Int],
    device: Device
  ) throws -> any MINEEstimator {
    try configuration.validate()
    switch configuration.architecture {
    case .authors where device == .cpu:
      return SeparateMINE(
        try indices.map {
          try AuthorsMINE(
            configuration, views: views, viewShape: viewShape, seed: seed, indices: [$0], device: .cpu)
        })
    case .authors:
      return try AuthorsMINE(
        configuration, views: views, viewShape: viewShape, seed: seed, indices: indices, device: device)
    case .vanilla where device == .cpu:
      return try FusedMINE(
        configuration, views: views, dimension: viewShape.reduce(1, *), seed: seed, indices: indices)
    case .vanilla:
      return try TensorMINE(
        configuration, views: views, dimension: viewShape.reduce(1, *), seed: seed, indices: indices,
        device: device)
    }
  }
}

/// The networks of a group of samples, each with an Adam and random streams of its own: a sample's numbers do not
/// depend on what else is in the group.
public protocol MINEEstimator: AnyObject {
  /// Takes `steps` training steps on these views, then evaluates.
  ///
  /// - Parameters:
  ///   - x: views of the samples `[samples, K, D]`.
  ///   - y: views of the perturbed samples `[samples, K, D]`, row k the partner of x's row k.
  func advance(_ x: Tensor, _ y: Tensor, steps: Int) -> MINE.Estimate
}

/// Estimators of one sample each, one after the other: for networks so large that advancing them together saves nothing.
/// A sample's arithmetic is then the same to the last bit in every group.
private final class SeparateMINE: MINEEstimator {
  private let estimators: [AuthorsMINE]

  init(_ estimators: [AuthorsMINE]) { self.estimators = estimators }

  func advance(_ x: Tensor, _ y: Tensor, steps: Int) -> MINE.Estimate {
    let estimates = estimators.enumerated().map { i, estimator in
      estimator.advance(x[i..<(i + 1)], y[i..<(i + 1)], steps: steps)
    }
    return MINE.Estimate(
      values: concatenated(estimates.map(\.values)), gradient: concatenated(estimates.map(\.gradient)))
  }
}

/// A setting of MINE that makes no sense.
public struct MINEError: Error, Equatable, CustomStringConvertible {
  public let description: String
}
