import Formats
import Torch

/// A way of choosing features.
public struct FeatureSelector: Sendable {
  /// What `--method` calls it.
  public let name: String
  /// One line for `--help`.
  public let summary: String
  /// Whether it is trained, on ``SelectionProblem/trainingData`` where there are any; else it is a closed form of the moments.
  public let isTrained: Bool
  let choose: @Sendable (SelectionProblem) throws -> Choice

  init(
    name: String, summary: String, isTrained: Bool = false,
    choose: @escaping @Sendable (SelectionProblem) throws -> Choice
  ) {
    (self.name, self.summary, self.isTrained, self.choose) = (name, summary, isTrained, choose)
  }

  /// What a selector found.
  public struct Choice: Sendable {
    /// k places in the order of their rank.
    public var indices: [Int]
    /// What there is to say of how it went, a line each.
    public var notes: [String] = []
    /// How a training went, where there was one.
    public var training: ConcreteTraining.Course?
    /// The decoder that was trained along with the selector, where there was one.
    public var decoder: [NamedTensor] = []

    init(_ indices: [Int]) { self.indices = indices }
  }
}

/// All selectors; a new one is a file with an entry, and a line here.
public enum FeatureSelectors {
  /// Every way there is; the first is the usual one.
  public static let all: [FeatureSelector] = [
    .exchange, .columnSubset, .principalFeatures, .variance, .concrete, .straightThrough, .indirect,
  ]

  /// What is used where nothing is asked for.
  public static let usual = FeatureSelector.exchange

  /// - Throws: ``SelectionError`` with the names that there are.
  public static func named(_ name: String) throws -> FeatureSelector {
    if let selector = all.first(where: { $0.name == name }) { return selector }
    let hint = nearestName(to: name, among: all.map(\.name)).map { "did you mean '\($0)'? " } ?? ""
    throw SelectionError("unknown method '\(name)'; \(hint)known: \(all.map(\.name).joined(separator: ", "))")
  }
}

/// The samples, and how many of their features are to be chosen.
public struct SelectionProblem: Sendable {
  /// `[n, d]`, float32; a training is where they are.
  public let samples: Tensor
  /// Means and covariances of the training samples' features.
  public let moments: FeatureMoments
  /// How many features are chosen.
  public let count: Int
  /// The seed of whatever is drawn at random.
  public let seed: UInt64
  /// How many threads it may use.
  public let threads: Int
  /// How selectors with a training are trained.
  public var training: ConcreteTraining
  /// What a training sees, where that is not the samples themselves, such as samples with adversarial examples.
  public var trainingData: ConcreteData?
  /// Asked between steps of a training.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// - Parameters:
  ///   - samples: `[n, …]`, without missing values.
  ///   - count: k, from 1 to the number of features that are not constant.
  /// - Throws: ``SelectionError`` where there are fewer such features.
  public init(
    _ samples: Tensor, count: Int, seed: UInt64 = 1, threads: Int = 1,
    training: ConcreteTraining = ConcreteTraining()
  ) throws {
    self.samples = samples.flattened()
    self.count = count
    self.seed = seed
    self.threads = threads
    self.training = training
    guard count > 0 else { throw SelectionError("\(count) features are to be chosen; it must be at least 1") }
    guard samples.shape[0] > 1 else {
      throw SelectionError("there is \(samples.shape[0]) sample: what varies is not known")
    }
    moments = FeatureMoments(self.samples, threads: threads)
    let usable = moments.varying.count
    guard count <= usable else {
      let constant = moments.total - usable
      throw SelectionError(
        "cannot choose \(count) of \(moments.total) features: "
          + (constant > 0 ? "only \(usable) vary, and constant ones tell nothing" : "there are no more"))
    }
  }

  /// What a reader of the choice must know of the data, a line each.
  public var warnings: [String] {
    var lines: [String] = []
    let (n, d) = (samples.shape[0], moments.total)
    if n < d {
      lines.append("\(n) samples for \(d) features: another sample may well give another choice")
    }
    let constant = d - moments.varying.count
    if constant > 0 {
      lines.append("constant, and never chosen: \(constant) of \(d) features")
    }
    return lines
  }
}

extension FeatureSelector {
  /// Chooses; the gains are those of ``FeatureMoments/gains(_:)`` in the selector's order.
  ///
  /// - Parameter names: of all features, where they have any.
  /// - Throws: ``SelectionError``; `CancellationError`.
  public func select(
    _ problem: SelectionProblem, names: [String] = []
  ) throws -> (selection: FeatureSelection, choice: Choice) {
    let choice = try withoutGrad { try choose(problem) }
    let selection = try FeatureSelection(
      method: name, indices: choice.indices, gains: problem.moments.gains(choice.indices),
      total: problem.moments.total, names: names)
    return (selection, choice)
  }
}
