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
  let progress: RunProgress

  /// What a repetition leaves behind: figures by dotted keys, and what the pictures need.
  struct Outcome {
    var figures: [String: Double]
    var original: any TrainableModel
    var retrained: any TrainableModel
    var examples: Examples
    var audit: Audit
  }

  func run() throws -> Outcome {
    let train = plan.train
    try FileManager.default.createDirectory(
      atPath: folder + "/checkpoints", withIntermediateDirectories: true)
    let original = try training("training the original", "original").run(
      epochs: plan.epochs, samples: train.count, progress: progress
    ) { _, _ in train }
    let attack = try attackStage(original)
    var maker = ExampleMaker(plan.arm, of: train.samples, seed: seed) { _, recipe, model, seed in
      if plan.arm.source == .attack { return attack.examples }
      let online = try recipe.makeAttack(on: model, samples: train.samples, seed: seed)
      return try online.run(
        train.samples, range: 0..<train.count, threads: plan.threads, isCancelled: progress.isCancelled
      ).examples
    }
    try maker.makeStatic(against: original) { original }
    let retrained = try training("retraining with UAEs", "retrained").run(
      epochs: plan.epochs, samples: 2 * train.count, progress: progress
    ) { epoch, model in
      _ = try maker.refresh(pass: epoch, model: model)
      guard !maker.sets.isEmpty else { return train.appending(train) }
      // As many as there are samples, so that the control takes as many steps; an example is of its original's class.
      let turn = epoch % maker.sets.count, rows = maker.rows[turn]
      let places = (0..<train.count).map { $0 % rows.count }
      let labels = train.labels.map { labels in places.map { labels[rows[$0]] } }
      return train.appending(TrainingData(maker.sets[turn].gathered(places), labels: labels))
    }
    let control = try training("control: the data repeated", "repeated-control").run(
      epochs: plan.epochs, samples: 2 * train.count, progress: progress
    ) { _, _ in train.appending(train) }

    var figures = attack.figures
    for (name, model) in [("original", original), ("retrained", retrained), ("repeatedControl", control)] {
      figures["test.error.\(name)"] = mean(try sampleErrors(model, plan.test))
      figures["train.error.\(name)"] = mean(try sampleErrors(model, train))
    }
    return Outcome(
      figures: figures, original: original, retrained: retrained, examples: attack.examples,
      audit: attack.audit)
  }

  private func training(_ title: String, _ name: String) -> ModelTraining {
    var training = ModelTraining(
      title, architecture: plan.architecture, settings: plan.training, seed: seed,
      path: "\(folder)/checkpoints/\(name).safetensors")
    training.device = plan.train.samples.device
    training.savesEvery = max(1, plan.recipe.retraining.onlineEvery)
    return training
  }

  private func attackStage(_ model: any TrainableModel) throws -> (
    examples: Examples, audit: Audit, figures: [String: Double]
  ) {
    let recipe = plan.recipe
    let attack = try recipe.makeAttack(on: model, samples: plan.train.samples, seed: seed)
    let identity = RunIdentity(
      recipe: try recipe.yaml(run: ["command": "augment", "seed": "\(seed)"]), model: try model.digest(),
      data: plan.dataDigest,
      software: Software.versions(libtorch: LibTorch.version, device: "\(plan.train.samples.device)"))
    let (directory, outcome, timing) = try AttackRun(attack, copies: recipe.copies, threads: plan.threads)
      .run(
        plan.train.samples, folder: folder + "/attack", identity: identity, progress: progress,
        isCancelled: progress.isCancelled)
    if outcome.interruption != nil { throw CancellationError() }
    let examples = try Examples(of: directory)
    let audit = try self.audit(examples, attack, reread: try scoreAgain(examples, attack))
    var figures = attackFigures(examples)
    let path = folder + "/attack-timing.json"
    // A resumed run attacks only what was open; its rate is that of the samples attacked last.
    if timing.samples > 0 {
      figures["attack.samplesPerSecond"] = Double(timing.samples) / timing.wall
      figures["attack.share.model"] = timing.criterion / timing.total
      figures["attack.share.similarity"] = timing.similarity / timing.total
      let measured = figures.filter {
        $0.key.hasPrefix("attack.share") || $0.key == "attack.samplesPerSecond"
      }
      try AtomicFile.write(JSON.encoder().encode(measured), to: path)
    } else if let data = FileManager.default.contents(atPath: path),
      let measured = try? JSON.decoder.decode([String: Double].self, from: data)
    {
      figures.merge(measured) { $1 }
    }
    return (examples, audit, figures)
  }

  /// f of every record as read back from its file, in the same tiles as the attack had it: what is on disk must
  /// satisfy the criterion too.
  private func scoreAgain(_ examples: Examples, _ attack: Attack) throws -> [Double] {
    let scores = try attack.criterionValues(plan.train.samples, examples, threads: plan.threads).map(
      Double.init)
    for i in scores.indices where examples.status[i] == .succeeded {
      guard scores[i] <= 0, abs(scores[i] - Double(examples.criterion[i])) <= 1e-6 else {
        throw ExamplesError(
          "sample \(examples.index[i]): f is \(scores[i]) when scored from its file, \(examples.criterion[i]) when it was "
            + "found; the model or the file is not what it was")
      }
    }
    return scores
  }

  private func audit(_ examples: Examples, _ attack: Attack, reread: [Double]) throws -> Audit {
    let x = plan.train.samples
    let before = try attack.criterionValues(x, x, range: 0..<x.shape[0], threads: plan.threads)
    return try Audit(
      AuditInput(
        training: plan.dataset.train, test: plan.dataset.test,
        perturbed: Samples(shape: plan.dataset.sampleShape, values: examples.perturbed.floats),
        index: examples.index, succeeded: examples.succeeded,
        criterionBefore: examples.index.map { Double(before[$0]) },
        criterionAfter: examples.criterion.map(Double.init), criterionReread: reread,
        zeroGradients: examples.zeroGradients,
        epsilon: try plan.recipe.completed().solver["epsilon"]?.number ?? 1))
  }

  private func attackFigures(_ examples: Examples) -> [String: Double] {
    let x = plan.train.samples
    let sizes = PerturbationSizes(x.gathered(examples.index), examples.perturbed.to(x.device))
    let won = examples.succeeded.indices.filter { examples.succeeded[$0] }
    var figures = [
      "attack.successRate": examples.successRate,
      "attack.perturbationL2.mean": sizes.mean(\.l2, over: won),
      "attack.perturbationLInfinity.mean": sizes.mean(\.lInfinity, over: won),
      "attack.nearlyUnchanged": sizes.nearShare(over: won),
      "attack.criterion.mean": mean(won.map { Double(examples.criterion[$0]) }),
      "attack.mutualInformation.mean": sizes.mean(\.information, over: won),
      "attack.similarity.mean": mean(won.map { Double(examples.similarity[$0]) }),
    ]
    for status in SampleStatus.allCases where status != .succeeded {
      figures["attack.counts.\(status)"] = Double(examples.status.count { $0 == status })
    }
    return figures
  }
}
