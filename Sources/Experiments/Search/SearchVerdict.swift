import Evaluation
import Formats

/// What a search found, in numbers and in words.
public struct SearchVerdict: Codable, Sendable {
  /// A way of training in the final comparison.
  public struct Arm: Codable, Sendable {
    /// What tables call it.
    public var name: String
    /// The mean error on the test set, and the seconds of a training with all that belongs to it.
    public var error: Summary
    /// Seconds of a training, in the mean, with the making of its examples and of the model they are made against.
    public var seconds: Double
    /// Whether it takes an attack on the model.
    public var isAdversarial: Bool

    package init(name: String, error: Summary, seconds: Double = 0, isAdversarial: Bool = false) {
      self.name = name
      self.error = error
      self.seconds = seconds
      self.isAdversarial = isAdversarial
    }
  }

  /// Two ways over paired seeds.
  public struct Comparison: Codable, Sendable {
    /// The one.
    public var of: String
    /// The other.
    public var with: String
    /// Their paired errors.
    public var test: PairedComparison
    /// The interval of the relative change, where there are several seeds and the other's error is above 0.
    public var interval: ClosedRange<Double>?

    /// Whether the interval excludes no change and the paired test agrees: few seeds have an interval, too.
    public var isCertain: Bool {
      guard let interval = test.interval else { return false }
      return interval.lower * interval.upper > 0 && test.verdict() != .undecided
    }

    /// Why a change may be chance.
    package var doubt: String {
      guard let interval = test.interval, interval.lower * interval.upper > 0 else {
        return "the interval includes no change: this may be chance"
      }
      return "with \(test.difference.values.count) seeds the paired test does not tell it from chance"
    }

    package init?(_ of: Arm, _ with: Arm) {
      guard let test = try? PairedComparison(treatment: of.error.values, baseline: with.error.values, seed: 1)
      else {
        return nil
      }
      self.of = of.name
      self.with = with.name
      self.test = test
      let base = with.error.mean
      interval = base > 0 ? test.interval.map { ($0.lower / base)...($0.upper / base) } : nil
    }

    /// `−23.4 % [−25.0, −21.1], p 0.031`.
    public var text: String {
      guard let relative = test.relativeChange else {
        return "\(test.difference.mean.text(.general(3))) from an error of 0"
      }
      let change = relative.text(.change(1))
      guard let interval else { return "\(change) (one seed: no test)" }
      func percent(_ value: Double) -> String { (100 * value).text(.decimals(1)) }
      return "\(change) [\(percent(interval.lowerBound)), \(percent(interval.upperBound))], "
        + "p \(test.test.pValue.text(.general(2)))"
    }
  }

  /// Of the control and of every arm that is not said to train longer.
  public var updates: Int
  /// The same data, no longer than usual.
  public var control: Arm
  /// The way that won.
  public var chosen: Arm
  /// The best of those that take an attack.
  public var adversarial: Arm?
  /// The same as the adversarial arm, with the starts in place of the examples.
  public var start: Arm?
  /// The chosen arm against the control; nil where it is the control.
  public var gain: Comparison?
  /// The same data for as long as the chosen arm, where that is longer, and the chosen arm against it.
  public var peer: Arm?
  /// The way that won, against the same data for as many updates.
  public var equalGain: Comparison?
  /// The best adversarial way, against its own start.
  public var adversarialGain: Comparison?
  /// What the search for examples adds to where it starts.
  public var adversarialWorth: Comparison?
  /// Why some that were to be compared are not.
  public var diverged: [String]
  /// The examples of the first seed.
  public var examples: ExampleFigures?

  /// - Throws: ``StudyError/settings(_:)`` where an arm of the comparison is missing.
  public init(_ outcome: SearchRun.Outcome) throws {
    func arm(_ candidate: SearchCandidate?) -> Arm? {
      guard let candidate, let found = outcome.tested[candidate],
        let error = try? Summary(found.map(\.testError))
      else {
        return nil
      }
      // The model that examples are made against is trained as the same data are.
      let original = candidate.arm.needsOriginal ? outcome.tested[.same] ?? [] : []
      return Arm(
        name: candidate.name, error: error,
        seconds: mean(found.map { $0.trainingSeconds + $0.attackSeconds })
          + (original.isEmpty ? 0 : mean(original.map(\.trainingSeconds))),
        isAdversarial: candidate.isAdversarial)
    }

    guard let control = arm(.same), let chosen = arm(outcome.winner) else {
      throw StudyError.settings("the comparison is not finished")
    }
    updates = outcome.plan.updates
    diverged = outcome.diverged
    self.control = control
    self.chosen = chosen
    adversarial = arm(outcome.adversarial)
    start = arm(outcome.adversarial?.start)
    gain = outcome.winner == .same ? nil : Comparison(chosen, control)
    peer = arm(outcome.peer)
    equalGain = peer.flatMap { Comparison(chosen, $0) }
    adversarialGain = adversarial.flatMap { Comparison($0, control) }
    adversarialWorth = adversarial.flatMap { adversarial in start.flatMap { Comparison(adversarial, $0) } }
    examples = outcome.adversarial.flatMap { outcome.tested[$0]?.first?.examples }
  }

  /// The verdict, a sentence each.
  public var sentences: [String] {
    var text = diverged.map { "\($0): left out." }
    if let gain {
      let sure = gain.interval == nil || gain.isCertain ? "" : "; \(gain.doubt)"
      text.append(
        "Chosen on held-out training data: \(chosen.name). Its error on the test set is \(gain.text) against the control, the "
          + "same data for \(updates) updates\(sure).")
      if let equalGain {
        text.append("Against the same data for as many updates as it has it is \(equalGain.text).")
      }
    } else {
      text.append(
        diverged.isEmpty
          ? "Nothing that was tried beats training on the same data for the same number of updates."
          : "Kept is what trained on the same data for \(updates) updates.")
    }
    if gain != nil, chosen.name.hasPrefix(SearchCandidate.same.name) {
      text.append(
        "No way of augmenting beats training longer on these data; the longer-trained model is kept.")
    }
    guard let adversarial, let adversarialGain else { return text }
    text.append(
      "The best adversarial examples (\(adversarial.name)) give \(adversarialGain.text) against the control."
    )
    if let adversarialWorth {
      let word =
        !adversarialWorth.isCertain
        ? "The search for examples adds nothing that these seeds can tell from chance to where it starts"
        : adversarialWorth.test.difference.mean < 0
          ? "The search for examples adds to where it starts"
          : "The search for examples is worse than where it starts"
      text.append("\(word): \(adversarialWorth.text).")
    }
    text.append(
      "They take \((adversarial.seconds / control.seconds).text(.general(2))) times the seconds of the control."
    )
    return text
  }
}
