import Formats

extension Audit {
  /// What should stop or worry a reader, one line each; empty for a sound set of UAEs.
  public var findings: [String] {
    var lines: [String] = []
    if successesLost > 0 {
      lines.append("\(successesLost) of \(succeeded) successes are none when read back from the file")
    }
    if testSamplesMet > 0 { lines.append("\(testSamplesMet) UAEs coincide with a test sample") }
    if count > 0, samplesWithZeroGradients * 10 > count {
      lines.append(
        "\(samplesWithZeroGradients) of \(count) samples met a gradient of exactly zero: the attack was blind there"
      )
    }
    if nearlyUnchanged > 0.5 {
      lines.append("\(percent(nearlyUnchanged)) of the successes changed next to nothing (‖δ‖₂ ≤ 0.01 √d)")
    }
    return lines
  }

  /// The figures, a line each.
  public var facts: [String] {
    [
      "\(succeeded) of \(count) samples succeeded; f(x′) \(text(criterionAfter)), read back the same within "
        + largestCriterionMismatch.text(.general(2)),
      "criterion active (f in (−0.001, 0]) for \(percent(shareCriterionActive)), \(percent(shareAtBound)) of all "
        + "values at a bound",
      "\(zeroGradients) gradients of exactly zero, in \(samplesWithZeroGradients) samples",
      "‖δ‖₂ \(text(l2)), ‖δ‖∞ \(text(lInfinity)), cosine \(text(cosine))",
      "SSIM \(text(ssim)), PSNR \(text(psnr)) dB, nearly unchanged \(percent(nearlyUnchanged))",
      "nearest other training sample \(text(nearestOther)); \(percent(nearerToAnother)) are nearer to it than to "
        + "their original",
      "nearest test sample \(text(nearestTest)); \(percent(nearerToTest)) came nearer to the test set",
    ]
  }

  private func text(_ distribution: Distribution?) -> String {
    guard let distribution else { return "–" }
    let largest = max(abs(distribution.median), abs(distribution.maximum))
    func text(_ value: Double) -> String { NumberFormat.significant(3).text(value, like: largest) }
    return
      "median \(text(distribution.median)) (\(text(distribution.minimum)) to \(text(distribution.maximum)))"
  }

  private func percent(_ share: Double) -> String { share.text(.percent(1)) }
}
