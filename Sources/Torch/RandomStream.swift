import CTorch

/// Random numbers as a pure function of (run seed, purpose, index, position): a sample draws the same numbers in any
/// batch, shard, order or thread. Philox4x32-10 (Salmon et al. 2011).
public struct RandomStream: Sendable {
  /// What the numbers are for: the one list of this package. Two purposes never share numbers, which the compiler sees
  /// to; a number once used keeps its meaning, since all results hang on it.
  public enum Purpose: UInt32, CaseIterable, Sendable {
    /// A model's first parameters.
    case initialization = 1
    /// The order of the samples in an epoch.
    case dataOrder = 2
    /// Where a solver starts.
    case start = 3
    /// Which other sample one is paired with.
    case partner = 4
    /// The matrices of random projections.
    case projection = 5
    /// Noise and mixtures that samples are augmented by.
    case augmentation = 6
    /// What a training step draws: corruption, codes of a prior.
    case training = 7
    /// What a random search tries.
    case search = 9
    /// Examples that are planted in a model to see whether an attack finds them.
    case planting = 10
    /// The cut of a data set into parts.
    case split = 8
    /// Resampling for confidence intervals.
    case bootstrap = 101
    /// The sign-flip test.
    case signFlip = 102
    /// Pairs of correlated Gaussians with known information.
    case correlatedGaussians = 103
    /// Views of known information that a per-sample estimator learns from.
    case views = 104
    /// Views of the same distribution that it has not seen.
    case freshViews = 105
    /// The partners of such views.
    case partnersOfViews = 106
    /// The pairs of the estimator study.
    case estimatorPairs = 201
    /// The noise of a concrete autoencoder's selector.
    case selector = 301
    /// Where the clusters of features begin.
    case clusters = 302
    /// The features and thresholds that random trees try.
    case forest = 303
    /// Views of samples that embeddings are judged by.
    case judgedViews = 401
    /// Views of an original that its examples are compared with.
    case anchorViews = 402
    /// Views that the gradient of a contrastive criterion is of, anew in each step.
    case stepViews = 403
    /// Views that decide whether an example holds.
    case heldOutViews = 404
    /// Views that neither a search nor its verdict has seen.
    case unseenViews = 405
    /// Which other samples stand for all that a sample is told from, and their views.
    case negatives = 406
    /// Per-sample MINE's first weights; the kernel has the same three numbers (`cmine.h`).
    case mineParameters = 0x4D49_0001
    /// The permutations of MINE's training steps.
    case mineTraining = 0x4D49_0002
    /// The permutations with which MINE's bound is evaluated.
    case mineEvaluation = 0x4D49_0003
  }

  /// The stream as the native kernels take it.
  public let native: kr_stream

  /// - Parameter index: the sample's index, or another number that tells streams of one purpose apart.
  public init(seed: UInt64, purpose: Purpose, index: Int = 0) {
    native = kr_make_stream(seed, purpose.rawValue, UInt64(bitPattern: Int64(index)))
  }

  /// `count` uniform numbers in [0, 1) from the block `position` on; they take (count + 3) / 4 blocks.
  public func uniform(_ count: Int, position: UInt64 = 0) -> [Float] {
    fill(count) { out in
      withUnsafePointer(to: native) { kr_fill_uniform($0, position, out, Int64(count)) }
    }
  }

  /// `count` standard normal numbers from the block `position` on; they take (count + 3) / 4 blocks.
  public func normal(_ count: Int, position: UInt64 = 0) -> [Float] {
    fill(count) { out in
      withUnsafePointer(to: native) { kr_fill_normal($0, position, out, Int64(count)) }
    }
  }

  /// A permutation of 0..<count.
  public func permutation(_ count: Int, position: UInt64 = 0) -> [Int] {
    let words = [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      withUnsafePointer(to: native) { kr_permutation($0, position, buffer.baseAddress, Int32(count)) }
      initialized = count
    }
    return words.map(Int.init)
  }

  private func fill(_ count: Int, _ body: (UnsafeMutablePointer<Float>?) -> Void) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      body(buffer.baseAddress)
      initialized = count
    }
  }
}
