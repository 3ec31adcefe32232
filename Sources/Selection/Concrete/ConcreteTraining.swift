import Foundation
import Torch

/// How a concrete autoencoder is trained (Abid, Balin, Zou 2019): a selector that draws one of the features for each of its k
/// rows by the Gumbel-softmax, and a decoder k → 200 → d.
///
/// The selector has a learning rate of its own: with the decoder's it does not come to an end within such training. The noise
/// is drawn once a batch. When the rows have made up their minds, at the latest in the last tenth of the steps, the
/// features are fixed, distinct by an assignment, and the decoder alone goes on.
public struct ConcreteTraining: Codable, Equatable, Sendable {
  /// Updates of the whole training.
  public var steps = 6300
  /// Samples of an update.
  public var batchSize = 128
  /// Adam's learning rate of the selector.
  public var selectorRate = 0.1
  /// Adam's learning rate of the decoder.
  public var decoderRate = 1e-3
  /// The temperature at the first step; it falls exponentially.
  public var firstTemperature = 10.0
  /// The temperature at the last step.
  public var lastTemperature = 0.01

  /// The usual settings.
  public init() {}

  /// What the rows' logits are made of, and how they are used.
  public enum Form: String, Codable, CaseIterable, Sendable {
    /// Parameters themselves, `[k, d]`.
    case direct
    /// The same; forward a single feature a row, backward as if it were the mixture (Bengio, Léonard, Courville 2013).
    case straightThrough
    /// ψ Wᵀ + b, with ψ `[k, d]` and W `[d, d]` (Nilsson, Azizpour et al. 2024, indirectly parameterised).
    case indirect
  }

  /// How a training went.
  public struct Course: Codable, Equatable, Sendable {
    /// The steps after which the features were fixed.
    public var steps: Int
    /// How many distinct features the rows had by themselves.
    public var distinct: Int
    /// How many rows the assignment gave another feature than their likeliest.
    public var resolved: Int
    /// The mean over rows of the largest probability; near 1 where the selector has come to an end.
    public var meanLargest: Double

    /// A line for people.
    public var text: String {
      let share = (meanLargest * 1000).rounded() / 1000
      let duplicates = resolved == 0 ? "no duplicates" : "\(resolved) rows moved to another feature"
      let end = meanLargest >= 0.99 ? "" : ": the selector did not come to an end, more --steps may help"
      return
        "features fixed after \(steps) steps, mean of the largest probabilities \(share)\(end); \(duplicates)"
    }
  }

  /// The share of the steps that the decoder has to itself at least.
  static let finishing = 0.1
  /// Mean and least of the rows' largest probabilities from which on they count as decided.
  static let decided = (mean: 0.999, least: 0.99)
  /// Steps between two looks at that.
  static let looks = 50

  func temperature(_ step: Int, of form: Form) -> Double {
    let last = form == .straightThrough ? max(0.1, lastTemperature) : lastTemperature
    return firstTemperature * pow(last / firstTemperature, Double(step) / Double(max(1, softSteps - 1)))
  }

  /// The steps in which the selector may move.
  var softSteps: Int { max(1, steps - Int(Double(steps) * Self.finishing)) }

  /// - Throws: ``SelectionError`` that names the first setting out of range.
  public func validate() throws {
    guard 1...10_000_000 ~= steps else {
      throw SelectionError("steps is \(steps); it must be from 1 to 10000000")
    }
    guard 1...100_000 ~= batchSize else {
      throw SelectionError("batch size is \(batchSize); it must be from 1 to 100000")
    }
  }
}

/// Samples with what shall become of them.
public struct ConcreteData: Sendable {
  /// `[n, d]`.
  public var samples: Tensor
  /// `[n, d]`.
  public var targets: Tensor

  /// - Parameter targets: by default the samples themselves.
  public init(_ samples: Tensor, targets: Tensor? = nil) {
    self.samples = samples.flattened()
    self.targets = targets?.flattened() ?? self.samples
  }

  /// The places of a step's samples: each epoch in a fresh order, its last batch filled from the next epoch.
  func places(step: Int, batchSize: Int, order: (Int) -> [Int]) -> [Int] {
    let count = samples.shape[0]
    return (0..<batchSize).map { offset in
      let position = step * batchSize + offset
      return order(position / count)[position % count]
    }
  }
}
