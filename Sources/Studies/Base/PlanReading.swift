/// What is wrong with a plan's file, in one line.
enum PlanReading {
  static func line(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, _): return "the setting '\(key.stringValue)' is missing"
    case .valueNotFound(_, let context), .typeMismatch(_, let context):
      return "'\(path(context))' has a value of the wrong kind"
    case .dataCorrupted(let context): return "'\(path(context))': \(context.debugDescription)"
    @unknown default: return "\(error)"
    }
  }
}
