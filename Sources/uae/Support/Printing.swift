import Models

extension Model {
  /// What its error is called.
  var errorName: String { outputs.contains(.reconstruction) ? "reconstruction error" : "error rate" }
}

extension ModelFamilies {
  /// The names, each with what it is.
  static var list: String { all.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ") }
}
