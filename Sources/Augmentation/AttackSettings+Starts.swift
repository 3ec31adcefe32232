import Attacks
import Torch

extension AttackSettings {
  /// Where switching begins for every sample, whether it meets the criterion or not: what an attack with the same seed
  /// and copy draws.
  ///
  /// - Parameter set: all samples `[count, …]`.
  /// - Returns: `[count, …]`.
  /// - Throws: `CancellationError`.
  public func starts(
    of set: Tensor, seed: UInt64, copy: Int = 0, threads: Int = 1,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Tensor {
    var settings = self
    settings.method = .switching
    settings.iterations = 0
    return try Attack(
      criterion: NoCriterion(), similarity: Distance(), solver: settings.solver, seed: seed
    ).run(set, range: 0..<set.shape[0], copy: copy, threads: threads, isCancelled: isCancelled).perturbed
  }
}

/// Holds everywhere.
private struct NoCriterion: Criterion {
  func bind(_ originals: Tensor) -> any BoundCriterion { Bound() }

  private struct Bound: BoundCriterion {
    func values(_ perturbed: Tensor) -> Tensor { Tensor.full([perturbed.shape[0]], -1) }
  }
}

/// The examples, with another sample where the attack failed.
///
/// - Parameters:
///   - examples: `[count, …]`.
///   - succeeded: one a sample.
///   - other: `[count, …]`.
public func examples(_ examples: Tensor, where succeeded: [Bool], else other: Tensor) -> Tensor {
  withoutGrad {
    let won = Tensor(succeeded.map { $0 ? Float(1) : 0 }, [succeeded.count]) .> 0
    return `where`(won.perSample(like: examples), examples, other)
  }
}
