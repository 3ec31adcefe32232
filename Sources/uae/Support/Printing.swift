import Evaluation
import Formats
import Models

extension Model {
  /// What ``sampleErrors(_:_:chunk:)`` says of it, in words: a mean with its spread, or how many classes were wrong.
  func text(_ errors: [Double]) throws -> String {
    if outputs.contains(.reconstruction) { return "reconstruction error \(try Summary(errors))" }
    let rate = mean(errors)
    let wrong = errors.count { $0 > 0 }
    return "error rate \(rate.text(.general(4))) (\(wrong) of \(errors.count)), "
      + "accuracy \((1 - rate).text(.general(4)))"
  }
}

extension ModelFamilies {
  /// The names, each with what it is.
  static var list: String { all.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ") }
}
