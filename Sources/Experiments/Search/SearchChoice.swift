import Evaluation

/// What a search has seen of its candidates: validation errors against the same data's, seed by seed.
public struct SearchChoice: Sendable {
  /// How a candidate did in a round.
  public struct Score: Codable, Sendable {
    /// The candidate.
    public var candidate: SearchCandidate
    /// The mean over the seeds of the validation error against that of the same data with the same seed: −0.2 is 20 % less;
    /// infinite where a training diverged.
    public var change: Double
    /// With how many seeds.
    public var seeds: Int
    /// The mean seconds of a training and of the making of its examples.
    public var seconds: Double

    package init(candidate: SearchCandidate, change: Double, seeds: Int, seconds: Double) {
      self.candidate = candidate
      self.change = change
      self.seeds = seeds
      self.seconds = seconds
    }
  }

  /// All candidates that the last round had, the best first.
  public private(set) var scores: [Score] = []
  /// Those that were left out, with what they had then, the best first.
  public private(set) var left: [Score] = []
  private var ratios: [SearchCandidate: [Double]] = [:]
  private var seconds: [SearchCandidate: [Double]] = [:]

  package init(scores: [Score] = []) { self.scores = scores }

  /// Takes a round's trainings of one seed into account.
  mutating func add(_ trials: [SearchCandidate: SearchTrial.Outcome]) {
    func error(_ trial: SearchTrial.Outcome?) -> Double { trial?.outcome?.trained.validation ?? .infinity }
    let same = error(trials[.same])
    for (candidate, trial) in trials {
      ratios[candidate, default: []].append(Self.change(from: same, to: error(trial)))
      if let outcome = trial.outcome {
        seconds[candidate, default: []].append(outcome.trainingSeconds + outcome.attackSeconds)
      }
    }
  }

  /// The change of an error against the same data's: infinite where the training diverged, and −1 where that of the same
  /// data alone did.
  package static func change(from same: Double, to error: Double) -> Double {
    guard error.isFinite else { return .infinity }
    return error == same ? 0 : error / same - 1
  }

  /// Ranks the candidates of a round; equal ones stay in their order.
  mutating func rank(_ candidates: [SearchCandidate]) {
    let all = candidates.map { candidate in
      let changes = ratios[candidate] ?? [], change = mean(changes)
      return Score(
        candidate: candidate, change: change.isFinite ? change : .infinity, seeds: changes.count,
        seconds: mean(seconds[candidate] ?? []))
    }
    // One that was left out may have come back.
    left.removeAll { candidates.contains($0.candidate) }
    scores = all.enumerated().sorted { ($0.element.change, $0.offset) < ($1.element.change, $1.offset) }.map(
      \.element)
  }

  /// The candidates of the next round: the best share of them, at least two, and beside them the same data, which the others
  /// are held against, and the best that are made of adversarial examples, whose worth is to be told in any case.
  mutating func survivors(share: Double, adversarial: Int) -> [SearchCandidate] {
    let count = max(2, Int((share * Double(scores.count)).rounded(.up)))
    let best = Set(scores.prefix(count).map(\.candidate) + [.same])
      .union(scores.map(\.candidate).filter(\.isAdversarial).prefix(adversarial))
    left = scores.filter { !best.contains($0.candidate) } + left
    return scores.map(\.candidate).filter(best.contains)
  }

  /// The best of all that the last round had, or the same data where that gains too little: the draw of the samples that were
  /// held out may make as much.
  public var winner: Score? {
    guard let best = scores.first, best.change > -SearchPlan.worthwhile else { return scores.first }
    return scores.first { $0.candidate == .same } ?? best
  }
  /// The best that is made of adversarial examples and trains no longer than the control.
  public var adversarial: Score? {
    scores.first { $0.candidate.isAdversarial && $0.candidate.arm.effort == nil && $0.change.isFinite }
  }
}
