/// How the attack on one sample ended.
public enum SampleStatus: UInt8, Codable, CaseIterable, Sendable {
  /// x′ ≠ x with f(x′) ≤ 0 was found.
  case succeeded = 0
  /// No iterate satisfied the criterion.
  case infeasible = 1
  /// The gradient was exactly zero at every iterate, so nothing could move.
  case zeroGradient = 2
  /// The criterion, the similarity or a gradient became NaN or infinite.
  case notFinite = 3
  /// Not attacked.
  case skipped = 4
}
