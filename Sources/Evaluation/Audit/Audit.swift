import Torch
import Datasets
import Foundation

/// An independent look at what an attack wrote: do the UAEs still succeed when read back, how far are they from their
/// originals, and did anything of the test set get into them?
public struct Audit: Codable, Sendable {
  /// All UAEs, and those that succeeded; sizes and likeness below are of the latter.
  public let count: Int
  /// Those of them with success.
  public let succeeded: Int

  /// f(x).
  public let criterionBefore: Distribution?
  /// f(x′) as the solver reported it.
  public let criterionAfter: Distribution?
  /// Largest |f(x′) read back − f(x′) reported| among the succeeded.
  public let largestCriterionMismatch: Double
  /// Reported as f ≤ 0, but f > 0 when read back.
  public let successesLost: Int
  /// Share of the succeeded with f(x′) in (−10⁻³, 0]: the criterion itself is what stops them.
  public let shareCriterionActive: Double
  /// Mean share of values at a bound of the box or of ε.
  public let shareAtBound: Double

  /// Samples whose gradient was exactly zero at some iterate.
  public let samplesWithZeroGradients: Int
  /// At how many iterates in all the gradient was exactly zero.
  public let zeroGradients: Int

  /// ‖δ‖₂.
  public let l2: Distribution?
  /// The largest change of a value.
  public let lInfinity: Distribution?
  /// The cosine of the angle between x and x′.
  public let cosine: Distribution?
  /// The index of structural similarity, of images.
  public let ssim: Distribution?
  /// The peak signal-to-noise ratio in dB.
  public let psnr: Distribution?
  /// Share of the succeeded with ‖δ‖₂ ≤ 0.01 √d: a success that changed next to nothing.
  public let nearlyUnchanged: Double

  /// The distance of x′ from the nearest training sample but its own.
  public let nearestOther: Distribution?
  /// Share whose nearest training sample is not their own original.
  public let nearerToAnother: Double
  /// The distance of x′ from the nearest test sample.
  public let nearestTest: Distribution?
  /// Share that came nearer to the test set than their original was; far above one half would be a leak.
  public let nearerToTest: Double
  /// UAEs that coincide with a test sample (within 10⁻³ √d) although their original does not.
  public let testSamplesMet: Int

  /// - Parameter neighbours: for how many of the succeeded, evenly chosen, the nearest samples are searched; the
  ///   search compares each with the whole training and test set.
  /// - Throws: ``QualityError`` where the parts of the input do not belong together.
  public init(_ input: AuditInput, neighbours: Int = 5_000) throws {
    try input.validate()
    let similarity = StructuralSimilarity(shape: input.training.shape)
    var records = (0..<input.perturbed.count).map { AuditRecord(input, $0, ssim: similarity) }
    try Self.findNeighbours(&records, input, limit: neighbours)

    let won = records.filter(\.succeeded)
    let root = Double(input.training.elementCount).squareRoot()
    count = records.count
    succeeded = won.count
    criterionBefore = Distribution(won.map(\.criterionBefore))
    criterionAfter = Distribution(won.map(\.criterionAfter))
    largestCriterionMismatch = won.map { abs($0.criterionReread - $0.criterionAfter) }.max() ?? 0
    // NaN is not ≤ 0 either.
    successesLost = won.count { !($0.criterionReread <= 0) }
    shareCriterionActive = won.share { $0.criterionAfter > -1e-3 && $0.criterionAfter <= 0 }
    shareAtBound = won.reduce(0) { $0 + $1.shareAtBound } / Double(max(1, won.count))
    samplesWithZeroGradients = records.count { $0.zeroGradients > 0 }
    zeroGradients = records.reduce(0) { $0 + $1.zeroGradients }
    l2 = Distribution(won.map(\.l2))
    lInfinity = Distribution(won.map(\.lInfinity))
    cosine = Distribution(won.map(\.cosine))
    ssim = Distribution(won.map(\.ssim))
    psnr = Distribution(won.map(\.psnr))
    nearlyUnchanged = won.share { $0.l2 <= 0.01 * root }

    let searched = won.filter { $0.nearestTest != nil }
    nearestOther = Distribution(searched.map(\.nearestOther))
    nearerToAnother = searched.share { $0.nearestOther.map { [l2 = $0.l2] other in other < l2 } ?? false }
    nearestTest = Distribution(searched.map(\.nearestTest))
    nearerToTest = searched.share { ($0.nearestTest ?? 0) < ($0.originalNearestTest ?? 0) }
    testSamplesMet = searched.count {
      ($0.nearestTest ?? .infinity) <= 1e-3 * root && ($0.originalNearestTest ?? 0) > 1e-3 * root
    }
  }

  private static func findNeighbours(_ records: inout [AuditRecord], _ input: AuditInput, limit: Int) throws {
    let won = records.indices.filter { records[$0].succeeded }
    guard !won.isEmpty, limit > 0, input.training.count > 1, input.test.count > 0 else { return }
    let chosen = (0..<min(limit, won.count)).map { won[$0 * won.count / min(limit, won.count)] }
    let perturbed = input.perturbed.selecting(chosen)
    let own = chosen.map { input.index[$0] }
    let other = try NearestNeighbours(of: perturbed, in: input.training, excluding: own)
    let test = try NearestNeighbours(of: perturbed, in: input.test)
    let originals = try NearestNeighbours(of: input.training.selecting(own), in: input.test)
    for (position, record) in chosen.enumerated() {
      records[record].nearestOther = other.distances[position]
      records[record].nearestTest = test.distances[position]
      records[record].originalNearestTest = originals.distances[position]
    }
  }
}

extension Array {
  fileprivate func share(_ holds: (Element) -> Bool) -> Double {
    isEmpty ? 0 : Double(count(where: holds)) / Double(count)
  }
}
