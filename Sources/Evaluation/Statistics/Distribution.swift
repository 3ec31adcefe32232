/// How the values of a figure spread over many samples.
public struct Distribution: Codable, Sendable, Equatable {
  /// Values that exist; samples without the figure are left out.
  public let count: Int
  /// The mean.
  public let mean: Double
  /// The standard deviation.
  public let standardDeviation: Double
  /// The least value.
  public let minimum: Double
  /// The middle value.
  public let median: Double
  /// The greatest value.
  public let maximum: Double

  /// Nil where no value is left.
  public init?(_ values: some Sequence<Double?>) {
    let finite = values.compactMap(\.self).filter(\.isFinite).sorted()
    guard let summary = try? Summary(finite), let first = finite.first, let last = finite.last else {
      return nil
    }
    count = finite.count
    mean = summary.mean
    standardDeviation = summary.standardDeviation
    minimum = first
    median = percentile(sorted: finite, 0.5)
    maximum = last
  }
}
