import Models
import Torch

/// Which class of a sample counts.
public enum ClassSource: String, CaseIterable, Sendable {
  /// The label where the data have labels, else the model's own class.
  case automatic
  /// The label.
  case label
  /// The class that the model gives the original.
  case prediction
}

/// Which class an example shall be given.
public enum TargetClass: Hashable, Sendable {
  /// The same class for all samples, from 0.
  case one(Int)
  /// y + 1, after the last class the first.
  case next
  /// The class with the smallest logit of the original.
  case leastLikely
  /// One class per sample of the set.
  case each([Int])
}

/// The classes of the samples of a tile.
struct ClassChoice: Sendable {
  let logits: @Sendable (Tensor) throws -> Tensor
  let source: ClassSource
  /// One per sample of the set, from 0.
  let labels: [Int]?

  /// The class of each row, int64 `[size]`.
  /// - Throws: ``CriterionError``; what the model throws.
  func classes(_ tile: Tile) throws -> Tensor {
    try classes(tile, of: withoutGrad { try logits(known == nil ? tile.originals : tile.originals[0..<1]) })
  }

  /// The labels where they are what counts: the model need not be asked for them.
  private var known: [Int]? { source == .prediction ? nil : labels }

  /// - Parameter logits: those of the originals; where labels count, of any sample.
  private func classes(_ tile: Tile, of logits: Tensor) throws -> Tensor {
    let count = try classCount(logits)
    guard let known else {
      guard source != .label else { throw CriterionError.noLabels }
      return logits.argmax(1)
    }
    return try rows(of: known, in: tile, count: count)
  }

  /// The target of each row, and whether its original is of that class already.
  /// - Throws: ``CriterionError``; what the model throws.
  func targets(_ target: TargetClass, _ tile: Tile) throws -> (targets: Tensor, isOfTarget: [Bool]) {
    let logits = try withoutGrad { try self.logits(tile.originals) }
    let count = try classCount(logits)
    let own = try classes(tile, of: logits)
    let targets: Tensor
    switch target {
    case .one(let number):
      guard 0..<count ~= number else { throw CriterionError.noSuchClass(number, count: count) }
      targets = Tensor([Int](repeating: number, count: tile.size), [tile.size]).to(logits.device)
    case .next:
      targets = Tensor(own.ints.map { ($0 + 1) % count }, [tile.size]).to(logits.device)
    case .leastLikely: targets = (-logits).argmax(1)
    case .each(let all): targets = try rows(of: all, in: tile, count: count)
    }
    return (targets, (targets .== own).bools)
  }

  private func rows(of all: [Int], in tile: Tile, count: Int) throws -> Tensor {
    let set = tile.set.shape[0]
    guard all.count == set else { throw CriterionError.otherCount(labels: all.count, samples: set) }
    let rows = (0..<tile.size).map { tile.rows.contains($0) ? all[tile.firstIndex + $0] : 0 }
    if let other = rows.first(where: { !(0..<count ~= $0) }) {
      throw CriterionError.noSuchLabel(other, count: count)
    }
    return Tensor(rows, [tile.size]).to(tile.originals.device)
  }

  private func classCount(_ logits: Tensor) throws -> Int {
    guard logits.shape.count == 2, logits.shape[1] > 1 else { throw CriterionError.oneClass(logits.shape) }
    return logits.shape[1]
  }
}

/// Why a criterion cannot be used with a model or its data.
public enum CriterionError: Error, Equatable, CustomStringConvertible {
  /// The target is no class of the model's.
  case noSuchClass(Int, count: Int)
  /// A label is no class of the model's.
  case noSuchLabel(Int, count: Int)
  /// The data have no labels.
  case noLabels
  /// There is another number of labels than of samples.
  case otherCount(labels: Int, samples: Int)
  /// Logits of this shape tell no classes apart.
  case oneClass([Int])
  /// This solver looks at single classes, and the criterion does not.
  case onlyClasses(String)
  /// This solver tries all other classes, and the criterion has a target.
  case onlyUntargeted(String)
  /// There is only one sample, and the criterion contrasts it with others.
  case nothingToTellFrom

  public var description: String {
    switch self {
    case .noSuchClass(let target, let count):
      "there is no class \(target): the model tells \(count) apart, from 0"
    case .noSuchLabel(let label, let count):
      "a sample has the label \(label): the model tells \(count) classes apart, from 0; --class-of prediction takes the model's own"
    case .noLabels: "the data have no labels; --class-of prediction takes the class that the model gives x"
    case .otherCount(let labels, let samples): "there are \(labels) classes for \(samples) samples"
    case .oneClass(let shape): "logits of shape \(shape) tell no classes apart"
    case .nothingToTellFrom:
      "the criterion contrastive tells a sample from others of its set, and there is one sample alone"
    case .onlyUntargeted(let solver):
      "the solver '\(solver)' tries all other classes: it goes with the criterion misclassification"
    case .onlyClasses(let solver):
      "the solver '\(solver)' looks at single classes: it goes with the criterion misclassification"
    }
  }
}

extension Setting {
  static func classOf(_ usual: ClassSource) -> Setting {
    .word(
      "classOf", usual, "which class of x counts: its label, the model's own, or the label where there is one"
    )
  }
  static let surrogate = Setting.word(
    "surrogate", Surrogate.margin, "the loss that gradients are of; a success is judged by the classes alone")
}
