import Foundation

/// How a number reads to people. One place for all modules: messages, tables and pages agree.
public enum NumberFormat: Sendable, Equatable {
  /// `0.0123`: so many digits behind the point.
  case decimals(Int)
  /// `+0.01`: a difference.
  case signed(Int)
  /// `0.01230`: decimals enough for so many significant digits of the value, never with an exponent.
  case significant(Int)
  /// `0.0123`, `1.2e+07`: so many significant digits, without needless zeros.
  case general(Int)
  /// A share as `12.3 %`, with so many decimals.
  case percent(Int)
  /// A share as `+12.3 %`: a change.
  case change(Int)

  /// The number as text; one that is not finite as `nan`, `inf` or `-inf`.
  public func text(_ value: Double) -> String { text(value, like: value) }

  /// `0.0123 ± 0.0004`: the deviation to the same place as the mean.
  public func text(_ mean: Double, deviation: Double) -> String {
    switch self {
    // The unit once, behind both.
    case .percent(let digits), .change(let digits):
      "\(NumberFormat.decimals(digits).text(100 * mean)) ± \(NumberFormat.decimals(digits).text(100 * deviation)) %"
    default: "\(text(mean)) ± \(text(deviation, like: mean))"
    }
  }

  /// - Parameter model: the number whose size decides the decimals.
  public func text(_ value: Double, like model: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    return switch self {
    case .decimals(let digits): String(format: "%.\(digits)f", value)
    case .signed(let digits): String(format: "%+.\(digits)f", value)
    case .significant(let digits):
      String(format: "%.\(Self.decimals(of: model, significant: digits))f", value)
    case .general(let digits): String(format: "%.\(digits)g", value)
    case .percent(let digits): String(format: "%.\(digits)f %%", 100 * value)
    case .change(let digits): String(format: "%+.\(digits)f %%", 100 * value)
    }
  }

  /// The number as in ``text(_:)``, without a unit.
  public func bare(_ value: Double) -> String {
    switch self {
    case .percent(let digits): String(format: "%.\(digits)f", 100 * value)
    case .change(let digits): String(format: "%+.\(digits)f", 100 * value)
    default: text(value)
    }
  }

  /// The number in the unit that it is written in: shares in percent.
  public func scaled(_ value: Double) -> Double {
    switch self {
    case .percent, .change: 100 * value
    default: value
    }
  }

  /// Decimals that show `digits` significant digits of a value, from 0 to 12.
  private static func decimals(of value: Double, significant digits: Int) -> Int {
    guard value != 0, value.isFinite else { return digits - 1 }
    return min(12, max(0, digits - 1 - Int(floor(log10(abs(value))))))
  }
}

extension Double {
  /// The number as people read it: `0.01234.text(.general(3))` is `0.0123`.
  public func text(_ format: NumberFormat) -> String { format.text(self) }

  /// Seconds as a duration: `4.2 s`, `42 s`, `3 min 20 s`, `5 h 12 min`, `2 d 3 h`.
  public var durationText: String {
    guard isFinite, self < 1e9 else { return "for ever" }
    let whole = Int(rounded())
    return switch self {
    case ..<9.95: text(.decimals(1)) + " s"
    case ..<59.5: "\(whole) s"
    case ..<3599.5: "\(whole / 60) min \(whole % 60) s"
    case ..<86_399.5: "\(whole / 3600) h \(whole % 3600 / 60) min"
    default: "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
  }
}

extension String {
  /// The text with blanks behind it, at least `width` characters long.
  public func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
