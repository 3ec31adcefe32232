import Formats

/// Mean and spread of a repeated measurement, such as one figure over several seeds.
public struct Summary: Codable, Sendable, Equatable {
  /// The mean.
  public let mean: Double
  /// Sample standard deviation (divisor n − 1). A single value has none: 0, and `description` leaves it out.
  public let standardDeviation: Double
  /// What it is of.
  public let values: [Double]

  /// - Throws: ``StatisticsError/tooFewValues(needed:found:)`` for an empty list.
  public init(_ values: [Double]) throws(StatisticsError) {
    guard !values.isEmpty else { throw .tooFewValues(needed: 1, found: 0) }
    self.values = values
    mean = Self.mean(values)
    standardDeviation = Self.standardDeviation(values, around: mean)
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func standardDeviation(_ values: [Double], around mean: Double) -> Double {
    guard values.count > 1 else { return 0 }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}

extension Summary: CustomStringConvertible {
  /// "0.00843 ± 0.00012": four significant digits of the mean, the deviation to the same place.
  public var description: String {
    let format = NumberFormat.significant(4)
    return values.count > 1 ? format.text(mean, deviation: standardDeviation) : format.text(mean)
  }
}

/// Why a statistic could not be computed.
public enum StatisticsError: Error, Equatable, CustomStringConvertible {
  /// There are fewer values than that takes.
  case tooFewValues(needed: Int, found: Int)
  /// Values that go in pairs are of different numbers.
  case unequalCounts(Int, Int)
  /// A value is NaN or infinite.
  case notFinite(index: Int)
  /// All values are the same.
  case constant
  /// An argument lies outside of its range.
  case outOfRange(name: String, value: Double, allowed: String)

  public var description: String {
    switch self {
    case .tooFewValues(let needed, let found): "\(found) values given, at least \(needed) needed"
    case .unequalCounts(let first, let second):
      "\(first) values cannot be paired with \(second): give one of each for every pair"
    case .notFinite(let index): "value \(index) is not a finite number: leave failed measurements out first"
    case .constant: "all values are equal, so their ranks carry no correlation"
    case .outOfRange(let name, let value, let allowed): "\(name) is \(value), it must be \(allowed)"
    }
  }
}

extension StatisticsError {
  static func requireFinite(_ values: [Double]) throws(StatisticsError) {
    if let index = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
  }
}
