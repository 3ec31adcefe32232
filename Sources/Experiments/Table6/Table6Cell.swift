import Attacks
import Evaluation
import Formats
import Models
import Runs
import Selection
import Torch

/// One arm on one data set with one seed: features chosen, a decoder trained, both judged.
package struct Table6Cell: StudyCell {
  package var part: Table6Plan.Part
  package var settings: Table6Plan.Settings
  package var arm: Table6Arm
  package var seed: UInt64
  /// The scale of the arm's noise, for arms that have one.
  package var scale: Double?
  /// Whether the target of a noisy sample is the clean one.
  package var aimsAtClean: Bool?
  /// Whether it is only judged on the samples to validate.
  package var isTrial = false

  package struct Outcome: Codable, Sendable {
    /// The chosen places in the order of their rank.
    package var features: [Int]
    package var total: Int
    /// Of a feature map of this shape.
    package var sampleShape: [Int]
    package var report: SelectionReport
    package var course: ConcreteTraining.Course?
    package var examples: ExampleSizes?
    package var trainSamples: Int
    package var testSamples: Int
    /// What a reader must know of the data.
    package var notes: [String]
  }

  /// What the UAEs of an arm are like.
  package struct ExampleSizes: Codable, Sendable {
    /// The share of the samples with f(x′) ≤ 0 and x′ ≠ x.
    package var successRate: Double
    /// Means of ‖δ‖₂ over the successes, of the values that the selector reads and of the others.
    package var inside: Double
    package var outside: Double
  }

  package var label: String {
    let tuned = scale.map { "/\($0)\(aimsAtClean == true ? "-clean" : "")" } ?? ""
    return "\(part.dataset)/\(arm.rawValue)\(tuned)/seed-\(seed)\(isTrial ? "-trial" : "")"
  }

  package var sets: [DataPart] { [part.data] }

  package func run(_ context: CellContext) throws -> Outcome {
    let parts = try part.data.load(context.data, seed: seed)
    let train = parts.train.samples.flattened().contiguous()
    let judged = isTrial ? parts.validation : parts.test
    var problem = try SelectionProblem(
      train, count: part.features, seed: seed, threads: 1, training: training(of: arm))
    problem.isCancelled = context.stopsEarly
    let (data, sizes) = try augmented(train, context)
    problem.trainingData = data
    let method: FeatureSelector = arm == .columnSubset ? .exchange : .concrete
    let (selection, choice) = try method.select(problem)
    let model = try FeatureDecoder.model(
      selection, choice: choice, samples: train, seed: seed, steps: 2 * settings.steps,
      isCancelled: context.stopsEarly)
    var labels: (train: [Int], test: [Int])?
    if let own = parts.train.labels, let others = judged.labels, !isTrial { labels = (own, others) }
    let report = try SelectionReport(
      selection, train: train, test: judged.samples.flattened(), moments: problem.moments, decoder: model,
      labels: labels, forests: settings.forests, seed: seed, threads: 1, isCancelled: context.stopsEarly)
    return Outcome(
      features: selection.indices, total: selection.total, sampleShape: parts.entry.dataset.sampleShape,
      report: report, course: choice.training, examples: sizes, trainSamples: train.shape[0],
      testSamples: judged.count, notes: parts.entry.dataset.notes)
  }

  private func training(of arm: Table6Arm) -> ConcreteTraining {
    var training = ConcreteTraining()
    training.batchSize = settings.batchSize
    training.steps = arm == .original || arm == .asPublished ? settings.steps : 2 * settings.steps
    if arm == .asPublished {
      training.selectorRate = training.decoderRate
      training.lastTemperature = 0.1
    }
    return training
  }

  /// What the arm trains on; nil for the samples alone.
  private func augmented(
    _ x: Tensor, _ context: CellContext
  ) throws -> (data: ConcreteData?, sizes: ExampleSizes?) {
    func both(_ more: Tensor, isClean: Bool) -> ConcreteData {
      ConcreteData(concatenated([x, more]), targets: concatenated([x, isClean ? x : more]))
    }
    switch arm {
    case .columnSubset, .original, .asPublished, .equalUpdates: return (nil, nil)
    case .repeated: return (both(x, isClean: true), nil)
    case .noise, .difference:
      let value = SettingValue.real(scale ?? 0)
      let start =
        arm == .noise ? Choice("noise", ["sigma": value]) : Choice("difference", ["lambda": value])
      let noisy = try Recipe("start", start: start).starts(
        of: x, seed: seed, isCancelled: context.stopsEarly)
      return (both(noisy, isClean: aimsAtClean == true), nil)
    case .mine, .mineClean, .exact, .exactClean:
      let (examples, sizes) = try self.examples(x, context)
      return (both(examples, isClean: arm == .mineClean || arm == .exactClean), sizes)
    }
  }

  private struct Key: Encodable {
    var part: Table6Plan.Part
    var settings: Table6Plan.Settings
    var seed: UInt64
    var recipe: Recipe?
  }

  private var recipe: Recipe {
    let iterations = SettingValue.integer(settings.iterations)
    guard arm == .mine || arm == .mineClean else {
      return Recipe("uae-exact", solver: Choice("switching", ["iterations": iterations]))
    }
    return Recipe(
      "uae-mine", criterion: Choice("reconstruction", ["errorNorm": .text("squared-l2")]),
      similarity: Choice("mine", ["mineSteps": .integer(settings.mineSteps)]), start: Choice("glorot"),
      solver: Choice("minmax", ["iterations": iterations]))
  }

  /// The model that UAEs are made against: the original's of the same seed.
  private func original(_ x: Tensor, _ context: CellContext) throws -> FeatureAutoencoder {
    let key = Key(part: part, settings: settings, seed: seed)
    let path = try context.artifact("original-\(part.dataset)", key: key) {
      var problem = try SelectionProblem(
        x, count: part.features, seed: seed, threads: 1, training: training(of: .original))
      problem.isCancelled = context.stopsEarly
      let (selection, choice) = try FeatureSelector.concrete.select(problem)
      return try Checkpoint(
        FeatureDecoder.model(selection, choice: choice, samples: x, seed: seed)
      ).encoded()
    }
    guard let model = try Checkpoint.read(path).model as? FeatureAutoencoder else {
      throw StudyError.settings("\(path) is not the model that was written")
    }
    return model
  }

  /// UAEs of all samples in the values that the original reads, failures replaced by their originals; made once for both
  /// targets.
  private func examples(_ x: Tensor, _ context: CellContext) throws -> (Tensor, ExampleSizes) {
    let model = try original(x, context)
    let recipe = recipe
    let key = Key(part: part, settings: settings, seed: seed, recipe: recipe)
    let path = try context.artifact("examples-\(part.dataset)-\(recipe.name)", key: key) {
      var attack = try recipe.makeAttack(on: model, samples: x, seed: seed)
      attack.mask = model.readValues
      let found = try attack.run(
        x, range: 0..<x.shape[0], threads: context.threads, isCancelled: context.stopsEarly)
      let made = found.perturbed.replacingFailures(found.succeeded, by: x)
      return Safetensors.encode([
        (name: "x", array: made.hostArray),
        (name: "success", array: HostArray(found.succeeded.map { $0 ? 1 : 0 })),
      ])
    }
    let file = try Safetensors.open(path)
    let made = Tensor(try file.array("x"))
    let won = try (file.array("success").integers() ?? []).map { $0 != 0 }
    let read = model.readValues ?? Tensor.full([1, x.shape[1]], 1, device: .cpu)
    let distances = ReadDistances(x, made, read: read, over: won.indices.filter { won[$0] })
    return (
      made,
      ExampleSizes(
        successRate: mean(won.map { $0 ? 1 : 0 }), inside: distances.inside, outside: distances.outside)
    )
  }
}
