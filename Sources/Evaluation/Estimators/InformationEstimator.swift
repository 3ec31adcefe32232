import Foundation
import Torch

/// Variational estimators of mutual information, from the scores T(xᵢ, yⱼ) of a batch, `[B, B]`: the diagonal holds
/// the pairs that belong together, the rest stands for the product of the marginals.
public enum InformationEstimator: String, Codable, CaseIterable, Sendable {
  /// Donsker and Varadhan's bound, E[T] − ln E[eᵀ], trained by its own (biased) gradient: MINE as it is.
  case mine = "MINE (DV)"
  /// The same bound trained with the moving average of E[eᵀ] in the gradient's denominator
  /// (Belghazi et al., ICML 2018, Section 3.2).
  case mineCorrected = "MINE, corrected"
  /// Nguyen, Wainwright and Jordan (2010): E[T] − e⁻¹ E[eᵀ].
  case nwj = "NWJ"
  /// Van den Oord et al. (2018): cross-entropy of finding the partner among the batch; never above ln B.
  case infoNCE = "InfoNCE"
  /// Song and Ermon (ICLR 2020), τ = 5: DV with eᵀ clipped to [e⁻ᵗ, eᵗ], the critic trained by the Jensen-Shannon
  /// objective, as in their experiments.
  case smile = "SMILE τ = 5"

  /// The estimate in nats, a scalar.
  public func estimate(_ scores: Tensor) -> Tensor {
    let batch = PairMask(scores)
    switch self {
    case .mine, .mineCorrected: return batch.jointMean(scores) - batch.logMeanExp(scores)
    case .nwj: return batch.jointMean(scores) - (batch.logMeanExp(scores) - 1).exp()
    case .infoNCE:
      return (batch.joint(scores) - scores.logSumExp(1)).mean() + Foundation.log(Double(batch.size))
    case .smile:
      return batch.jointMean(scores) - batch.logMeanExp(scores.clamped(-Self.clip...Self.clip))
    }
  }

  /// τ of SMILE.
  public static let clip = 5.0

  /// What the critic that attains the estimate adds to the log density ratio: NWJ's optimum is 1 + ln r.
  public var optimalOffset: Double { self == .nwj ? 1 : 0 }
}

/// What a critic is trained on; the corrected gradient carries a moving average from step to step.
struct CriticObjective {
  let estimator: InformationEstimator
  private var logAverage: Double?

  /// Weight of the newest batch in the moving average.
  private static let rate = 0.01

  init(_ estimator: InformationEstimator) { self.estimator = estimator }

  /// A scalar to descend.
  mutating func loss(_ scores: Tensor) -> Tensor {
    let batch = PairMask(scores)
    switch estimator {
    case .mine, .nwj, .infoNCE: return -estimator.estimate(scores)
    case .mineCorrected:
      let marginal = batch.logMeanExp(scores)
      let newest = marginal.detached().item
      let average = logAverage.map { Self.blend($0, newest) } ?? newest
      logAverage = average
      return (marginal - average).exp() - batch.jointMean(scores)
    case .smile:
      return batch.joint(-scores).softplus().mean() + batch.marginalMean(scores.softplus())
    }
  }

  /// ln((1 − rate) eᵃ + rate eᵇ)
  private static func blend(_ a: Double, _ b: Double) -> Double {
    let (first, second) = (a + Foundation.log(1 - rate), b + Foundation.log(rate))
    let larger = max(first, second)
    return larger + Foundation.log(exp(first - larger) + exp(second - larger))
  }
}

/// The diagonal and the rest of a `[B, B]` matrix of scores.
private struct PairMask {
  let size: Int
  private let diagonal: Tensor
  private let hidingDiagonal: Tensor

  init(_ scores: Tensor) {
    let size = scores.shape[0]
    self.size = size
    let isDiagonal = (0..<size * size).map { $0 % (size + 1) == 0 }
    diagonal = Tensor(isDiagonal.map { $0 ? 1 : 0 as Float }, [size, size])
    hidingDiagonal = Tensor(isDiagonal.map { $0 ? -.infinity : 0 as Float }, [size, size])
  }

  private var marginalCount: Double { Double(size * (size - 1)) }

  func joint(_ scores: Tensor) -> Tensor { (scores * diagonal).sum(1) }
  func jointMean(_ scores: Tensor) -> Tensor { joint(scores).mean() }
  func marginalMean(_ scores: Tensor) -> Tensor { (scores * (1 - diagonal)).sum() / marginalCount }
  func logMeanExp(_ scores: Tensor) -> Tensor {
    (scores + hidingDiagonal).reshaped([-1]).logSumExp(0) - Foundation.log(marginalCount)
  }
}
