import Foundation

/// Small helpers to write SVG and HTML by hand.
enum Markup {
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  /// A coordinate with a tenth of a pixel, without a needless ".0".
  static func coordinate(_ value: Double) -> String {
    let text = String(format: "%.1f", value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// Colours that stay apart for colour-blind readers (Okabe and Ito, 2008).
enum Palette {
  static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444"]
  static func colour(_ index: Int) -> String { colours[index % colours.count] }
}
