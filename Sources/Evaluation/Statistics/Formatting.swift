import Foundation

/// Decimals that show `digits` significant digits of `value`, between 0 and 12.
func decimals(of value: Double, digits: Int) -> Int {
  guard value != 0, value.isFinite else { return digits - 1 }
  return min(12, max(0, digits - 1 - Int(floor(log10(abs(value))))))
}

func significant(_ value: Double, digits: Int) -> String {
  significant(value, decimals: decimals(of: value, digits: digits))
}

func significant(_ value: Double, decimals: Int) -> String {
  value.isFinite ? String(format: "%.\(decimals)f", value) : "\(value)"
}
