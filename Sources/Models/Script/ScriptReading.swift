import Formats

/// How a user's model is meant, as far as that is said; what is nil is found out by trying.
public struct ScriptReading: Sendable, Equatable {
  /// The method that gives whatever output is asked for.
  public var method = "forward"
  /// How a batch is laid out.
  public var layout: ScriptInput.Layout?
  /// What the values 0 and 1 of a sample are for the model.
  public var range: ClosedRange<Double>?
  /// Which of several tensors is the output: its place, from 0, or its name.
  public var output: String?
  /// What the output's values are.
  public var outputScale: OutputScale?
  /// Ranges to try where none is said, the one that is taken without a reason to take another first.
  public var likelyRanges: [ClosedRange<Double>] = [0...1, -1...1, 0...255]

  /// What is said of a file; all else is found out.
  public init(
    method: String = "forward", layout: ScriptInput.Layout? = nil, range: ClosedRange<Double>? = nil,
    output: String? = nil, outputScale: OutputScale? = nil
  ) {
    self.method = method
    self.layout = layout
    self.range = range
    self.output = output
    self.outputScale = outputScale
  }
}

/// What the values of a reconstruction are.
public enum OutputScale: Sendable, Equatable {
  /// The lower bound stands for 0, the upper one for 1.
  case range(ClosedRange<Double>)
  /// Their sigmoid is the sample in [0, 1]: the model was trained with a loss that takes logits.
  case logits

  /// The text that options take: `LO,HI` or `logits`.
  public var option: String {
    switch self {
    case .range(let range): range.option
    case .logits: "logits"
    }
  }
}

extension ClosedRange<Double> {
  /// `LO,HI`, as options take it.
  var option: String { "\(lowerBound.shortText),\(upperBound.shortText)" }
  /// `LO…HI`, as messages have it.
  public var shortText: String { "\(lowerBound.shortText)…\(upperBound.shortText)" }
}

extension Double {
  /// Whole numbers without a decimal point, others with six digits.
  fileprivate var shortText: String { Int(exactly: self).map(String.init) ?? text(.general(6)) }
}

/// The tensor of a script's result that is its output, and what its values are.
public struct ScriptOutput: Sendable, Equatable {
  /// Its place among the result's tensors, from 0.
  public var place = 0
  /// Nil where it is that of the input.
  public var scale: OutputScale?

  /// An output by its place among all, with a scale where it is not the input's.
  public init(place: Int = 0, scale: OutputScale? = nil) {
    self.place = place
    self.scale = scale
  }
}
