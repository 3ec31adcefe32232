import ArgumentParser
import Attacks
import Datasets
import Formats
import Models
import Torch

/// The classes of the samples as a model counts them.
struct ClassData {
  /// The label of each sample, where there are labels and the criterion asks for classes.
  let labels: [Int]?
  /// The class that each sample's example shall have.
  let targets: [Int]?

  /// - Parameter targets: the data once more, with the targets for labels.
  /// - Throws: ``RecipeError`` where nothing is left to attack; `DatasetError` where the labels are not of this model.
  init(_ dataset: Dataset, _ model: any Model, _ recipe: Recipe, targets: Dataset?) throws {
    let criterion = recipe.criterion
    guard try Criteria.registry.named(criterion.name).needs == .logits else {
      if targets != nil { throw RecipeError("--target-key goes with --criterion targeted --target each") }
      (labels, self.targets) = (nil, nil)
      return
    }
    let isForEach = criterion.name == "targeted" && criterion.text("target") == "each"
    guard isForEach == (targets != nil) else {
      throw RecipeError(
        isForEach
          ? "target is each, and no array of targets is given: --target-key names one"
          : "--target-key goes with --criterion targeted --target each")
    }
    labels =
      criterion.text("classOf") == "prediction" ? nil : try dataset.labels(of: dataset.train, for: model)
    self.targets = try targets.map {
      try dataset.classes(namedBy: $0, classes: dataset.classCount(of: model))
    }
    if criterion.name == "targeted", let labels,
      Int(criterion.text("target")).map({ target in
        labels.allSatisfy { $0 == target }
      }) ?? (self.targets == labels)
    {
      throw RecipeError("every sample is of the class that it shall be given: there is nothing to attack")
    }
  }
}

/// Other classifiers that score the examples.
struct Judges {
  let models: [any Model]
  /// The labels of the samples as each model counts its classes; nil where there are none.
  let labels: [[Int]?]
  /// What an example has to do to a judge's decision.
  let aim: Aim

  var isEmpty: Bool { models.isEmpty }

  /// What an example that was made against one model has to do to another to succeed there, too.
  enum Aim: String, Encodable {
    /// Another class than the original is given.
    case change
    /// The same class as the original is given.
    case keep
    /// The class that the attacked model gives the example, its target, is given.
    case reach

    init(criterion: String) {
      switch criterion {
      case "targeted": self = .reach
      case "same-class": self = .keep
      default: self = .change
      }
    }

    var text: String {
      switch self {
      case .change: "change its decision"
      case .keep: "keep its decision"
      case .reach: "are of their target's class for it"
      }
    }
  }

  /// - Throws: ``RecipeError`` where the recipe is not about classes; what reading a model throws.
  init(_ paths: [String], _ dataset: Dataset, _ originals: Tensor, _ recipe: Recipe) throws {
    if !paths.isEmpty, try Criteria.registry.named(recipe.criterion.name).needs != .logits {
      throw RecipeError("--judge scores classes; the criterion '\(recipe.criterion.name)' is not about any")
    }
    models = try paths.map { path in
      let judge = try ModelOptions.load(
        path, for: dataset, samples: originals, reading: ScriptReading(), use: .logits)
      judge.sayGuesses()
      return judge
    }
    aim = Aim(criterion: recipe.criterion.name)
    let isLabelled = recipe.criterion.text("classOf") != "prediction"
    labels = try models.map { judge in
      let count = try dataset.classCount(of: judge)
      return isLabelled ? try dataset.labels(of: dataset.train, classes: count) : nil
    }
  }
}

extension DataOptions {
  /// The same data, all of a part, with other labels.
  func load(targetKey labelKey: String, part: DatasetLoader.Part) throws -> Dataset {
    if let registered = DatasetRegistry.named(dataset) {
      throw ValidationError(
        "--target-key goes with a file of yours; of the registered set \(registered.name) there are no others"
      )
    }
    var reading = reading
    reading.labelKey = labelKey
    return try reading.load(dataset, whole: true, isQuiet: true, part: part)
  }
}
