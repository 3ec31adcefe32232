import Formats

/// What the values of a user's arrays say of the range that they are in.
struct ValueRange {
  let type: ElementType
  let lowest: Double
  let highest: Double

  /// Nil where there are no values, or some are not finite.
  init?(_ arrays: [HostArray]) {
    guard let first = arrays.first(where: { $0.count > 0 }) else { return nil }
    type = first.elementType
    var low = Double.infinity
    var high = -Double.infinity
    for array in arrays where array.count > 0 {
      if array.elementType == .uint8, let least = array.bytes.min(), let most = array.bytes.max() {
        (low, high) = (min(low, Double(least)), max(high, Double(most)))
        continue
      }
      for value in array.doubles() {
        guard value.isFinite else { return nil }
        if value < low { low = value }
        if value > high { high = value }
      }
    }
    (lowest, highest) = (low, high)
  }

  /// The range that the type means, or of an unsigned type whose values leave half of that empty, the part that they use:
  /// 0…1 for masks, 0…4095 for 12 bits. With a line that says so.
  var usual: (range: ClosedRange<Double>, note: String?) {
    let whole = SampleEncoding.defaultRange(of: type)
    guard [.uint8, .uint16].contains(type), highest * 2 <= whole.upperBound, highest > 0 else {
      return (whole, nil)
    }
    let part = 0...Double(Self.roundUp(Int(highest)))
    return (
      part,
      "values go from \(text(lowest)) to \(text(highest)), so that 0…\(text(part.upperBound)) is taken for their "
        + "range; --range 0,\(text(whole.upperBound)) is that of the type"
    )
  }

  /// A number that is a scale of its own, or the next that so many bits can hold.
  private static func roundUp(_ value: Int) -> Int {
    if value <= 1 || value & (value - 1) == 0 || [10, 100, 1000, 10_000].contains(value) { return value }
    var largest = 1
    while largest < value { largest = largest * 2 + 1 }
    return largest
  }

  /// Refuses a range that does not hold the values, but for an excess as rounding leaves it.
  /// - Throws: `FormatError` that says what they are.
  func verify(_ range: ClosedRange<Double>, name: String) throws {
    let (low, high) = (range.lowerBound, range.upperBound)
    let slack = 1e-3 * (high - low)
    guard lowest <= low - slack || highest >= high + slack else { return }
    throw FormatError(
      name,
      "values go from \(text(lowest)) to \(text(highest)) (\(type.rawValue)), outside \(text(low))…\(text(high)); "
        + "give their range, such as --range \(text(lowest)),\(text(highest))")
  }

  private func text(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(Float(value))" }
}
