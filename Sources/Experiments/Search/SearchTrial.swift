import Models

/// A training of a search. One that diverges has lost; it does not end the search.
struct SearchTrial: StudyCell {
  /// What the arm is called.
  var name: String
  var experiment: Experiment

  struct Outcome: Codable, Sendable {
    var outcome: Experiment.Outcome?
    /// Why there is none.
    var divergence: String?
  }

  var label: String { "\(name), seed \(experiment.seed)\(experiment.usesTest ? ", tested" : "")" }

  var sets: [DataPart] { [experiment.data] }

  func run(_ context: CellContext) throws -> Outcome {
    do { return Outcome(outcome: try experiment.run(context)) } catch let error as ModelError {
      guard case .diverged = error else { throw error }
      return Outcome(divergence: error.description)
    }
  }
}
