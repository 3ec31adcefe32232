import Attacks
import Datasets
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Torch

/// One repetition of the whole way: train Φ, attack every training sample, retrain Φ′ from scratch on data and UAEs,
/// train the controls, measure all on the same test set.
struct SeedRun {
  let plan: AugmentPlan
  let seed: UInt64
  let folder: String
  let report: StageReport
  let interrupts: Interrupts?
  let progress: RunProgress?

  /// What a repetition leaves behind: figures by dotted keys, and what the pictures need.
  struct Outcome {
    var figures: [String: Double]
    var original: any Autoencoder
    var retrained: any Autoencoder
    var uaes: UAESet
    var audit: Audit
  }

  func run() throws -> Outcome {
    let train = plan.train, recipe = plan.recipe
    try FileManager.default.createDirectory(
      atPath: folder + "/checkpoints", withIntermediateDirectories: true)
    let original = try training("training the original", "original").run(
      epochs: plan.epochs, samples: train.shape[0], report: report
    ) { _, _ in train }
    let attack = try attackStage(original)
    let uaes = attack.uaes
    let augmented = recipe.retraining.onlineEvery == 0 ? try augmentedSets(uaes) : nil
    let online = OnlineExamples(plan: plan, seed: seed, report: report)
    let retrained = try training("retraining with UAEs", "retrained").run(
      epochs: plan.epochs, samples: 2 * train.shape[0], report: report
    ) { epoch, model in
      if let augmented { return augmented[epoch % augmented.count] }
      return try online.data(epoch: epoch, model: model)
    }
    let repeated = concatenated([train, train])
    let control = try training("control: the data repeated", "repeated-control").run(
      epochs: plan.epochs, samples: 2 * train.shape[0], report: report
    ) { _, _ in repeated }

    var figures = attack.figures
    for (name, model) in [("original", original), ("retrained", retrained), ("repeatedControl", control)] {
      figures["test.reconstructionError.\(name)"] = mean(reconstructionErrors(model, plan.test))
      figures["train.reconstructionError.\(name)"] = mean(reconstructionErrors(model, train))
    }
    return Outcome(
      figures: figures, original: original, retrained: retrained, uaes: uaes, audit: attack.audit)
  }

  private func training(_ title: String, _ name: String) -> ModelTraining {
    var training = ModelTraining(
      title, architecture: plan.architecture, settings: plan.training, seed: seed,
      path: "\(folder)/checkpoints/\(name).safetensors")
    training.savesEvery = max(1, plan.recipe.retraining.onlineEvery)
    return training
  }

  private func attackStage(_ model: any Autoencoder) throws -> (
    uaes: UAESet, audit: Audit, figures: [String: Double]
  ) {
    let settings = plan.recipe.attack
    let attack = try settings.makeAttack(on: model, seed: seed)
    let identity = RunIdentity(
      recipe: try plan.recipe.yaml + "seed: \(seed)\n",
      model: SHA256.digest(of: try Checkpoint(model).encoded()),
      data: plan.dataDigest, software: Software.versions)
    let (directory, outcome, timing) = try AttackRun(attack, copies: settings.copies, threads: plan.threads)
      .run(
        plan.train, folder: folder + "/attack", identity: identity, interrupts: interrupts, progress: progress
      )
    if outcome.interruption != nil { throw CancellationError() }
    let uaes = try UAESet(reading: directory.records.map { directory.shardPath($0.shard) })
    let audit = try self.audit(uaes, reread: try scoreAgain(uaes, attack))
    var figures = attackFigures(uaes)
    let path = folder + "/attack-timing.json"
    // A resumed run attacks only what was open; its rate is that of the samples attacked last.
    if timing.samples > 0 {
      figures["attack.samplesPerSecond"] = Double(timing.samples) / timing.wall
      figures["attack.share.model"] = timing.criterion / timing.total
      figures["attack.share.similarity"] = timing.similarity / timing.total
      let measured = figures.filter {
        $0.key.hasPrefix("attack.share") || $0.key == "attack.samplesPerSecond"
      }
      try AtomicFile.write(JSONEncoder().encode(measured), to: path)
    } else if let data = FileManager.default.contents(atPath: path),
      let measured = try? JSONDecoder().decode([String: Double].self, from: data)
    {
      figures.merge(measured) { $1 }
    }
    return (uaes, audit, figures)
  }

  /// f of every record as read back from its file, in the same tiles as the attack had it: what is on disk must
  /// satisfy the criterion too.
  private func scoreAgain(_ uaes: UAESet, _ attack: Attack) throws -> [Double] {
    var scores = [Double](repeating: .nan, count: uaes.count)
    for copy in 0..<plan.recipe.attack.copies {
      let positions = uaes.copy.indices.filter { uaes.copy[$0] == copy }
      let values = try attack.criterionValues(
        plan.train, uaes.perturbed.gathered(positions), range: 0..<plan.train.shape[0])
      for (position, value) in zip(positions, values) { scores[position] = Double(value) }
    }
    for i in scores.indices where uaes.status[i] == .succeeded {
      guard scores[i] <= 0, abs(scores[i] - Double(uaes.criterion[i])) <= 1e-6 else {
        throw RecipeError(
          "sample \(uaes.index[i]): f is \(scores[i]) when scored from its file, \(uaes.criterion[i]) when it was found; "
            + "the model or the file is not what it was")
      }
    }
    return scores
  }

  private func audit(_ uaes: UAESet, reread: [Double]) throws -> Audit {
    try Audit(
      AuditInput(
        training: plan.dataset.train, test: plan.dataset.test,
        perturbed: Samples(shape: plan.dataset.sampleShape, values: uaes.perturbed.floats), index: uaes.index,
        succeeded: uaes.succeeded,
        // At x itself both errors of f are the same.
        criterionBefore: [Double](repeating: plan.recipe.attack.kappa, count: uaes.count),
        criterionAfter: uaes.criterion.map(Double.init), criterionReread: reread,
        zeroGradients: uaes.zeroGradients,
        epsilon: plan.recipe.attack.epsilon))
  }

  private func attackFigures(_ uaes: UAESet) -> [String: Double] {
    let originals = plan.train.gathered(uaes.index)
    let delta = uaes.perturbed - originals
    let won = uaes.succeeded
    func mean(_ values: [Double]) -> Double {
      let chosen = zip(values, won).filter(\.1).map(\.0)
      return chosen.isEmpty ? 0 : chosen.reduce(0, +) / Double(chosen.count)
    }
    let l2 = delta.sampleNorms().doubles
    let near = 0.01 * Double(plan.train[0].count).squareRoot()
    var figures = [
      "attack.successRate": uaes.successRate,
      "attack.perturbationL2.mean": mean(l2),
      "attack.perturbationLInfinity.mean": mean(delta.flattened().abs().max(1).doubles),
      "attack.nearlyUnchanged": mean(l2.map { $0 <= near ? 1 : 0 }),
      "attack.criterion.mean": mean(uaes.criterion.map(Double.init)),
      "attack.mutualInformation.mean": mean(exactInformation(originals, uaes.perturbed)),
      "attack.similarity.mean": mean(uaes.similarity.map(Double.init)),
    ]
    for status in SampleStatus.allCases where status != .succeeded {
      figures["attack.counts.\(status)"] = Double(uaes.status.count { $0 == status })
    }
    return figures
  }

  /// For each copy the data and its UAEs: the epochs take the copies in turn, so that half of what the model sees is
  /// original and the number of steps does not depend on the number of copies.
  private func augmentedSets(_ uaes: UAESet) throws -> [Tensor] {
    try (0..<plan.recipe.attack.copies).map { copy in
      let positions = uaes.copy.indices.filter { uaes.copy[$0] == copy }
      let added = try plan.substituted(
        uaes.perturbed.gathered(positions), succeeded: positions.map { uaes.succeeded[$0] }, seed: seed,
        copy: copy)
      return concatenated([plan.train, added])
    }
  }
}

/// The closed-form information of each pair, d′ = 1: one scale for every method.
private func exactInformation(_ originals: Tensor, _ perturbed: Tensor) -> [Double] {
  ExactInformation.values(originals, perturbed).doubles
}

func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
