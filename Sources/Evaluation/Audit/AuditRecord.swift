import Torch
import Datasets

/// Everything the audit knows of one UAE. Figures that do not exist are absent: SSIM of vectors, PSNR of an unchanged
/// sample, neighbours of UAEs outside the audited sample.
struct AuditRecord {
  let index: Int
  let succeeded: Bool
  let criterionBefore: Double
  let criterionAfter: Double
  let criterionReread: Double
  let zeroGradients: Int
  /// ‖x′ − x‖₂ and ‖x′ − x‖∞
  let l2: Double
  let lInfinity: Double
  let cosine: Double?
  let ssim: Double?
  let psnr: Double?
  /// Share of values that were changed and now lie at a bound: 0, 1, or ε away from the original.
  let shareAtBound: Double
  /// Distance to the nearest training sample other than its own original.
  var nearestOther: Double?
  /// Distance to the nearest test sample, of x′ and of x.
  var nearestTest: Double?
  var originalNearestTest: Double?

  init(_ input: AuditInput, _ record: Int, ssim similarity: StructuralSimilarity?) {
    let original = input.training.values(of: input.index[record])
    let perturbed = input.perturbed.values(of: record)
    let size = perturbationSize(of: perturbed, from: original)
    index = input.index[record]
    succeeded = input.succeeded[record]
    criterionBefore = input.criterionBefore[record]
    criterionAfter = input.criterionAfter[record]
    criterionReread = input.criterionReread[record]
    zeroGradients = input.zeroGradients[record]
    l2 = size.l2
    lInfinity = size.lInfinity
    cosine = size.cosine
    ssim = similarity?(original, perturbed)
    psnr = peakSignalToNoise(of: perturbed, from: original)
    let reach = Float(input.epsilon) - 1e-6
    var bounded = 0
    for (y, x) in zip(perturbed, original) where y != x {
      if y <= 0 || y >= 1 || abs(y - x) >= reach { bounded += 1 }
    }
    shareAtBound = Double(bounded) / Double(max(1, original.count))
  }
}
