import Attacks
import Datasets
import Evaluation
import Formats
import Foundation
import Models
import Runs
import Torch

extension Experiment {
  /// What decides the model that examples are made against, which the arms of a seed share.
  private struct OriginalKey: Encodable {
    var data: DataPart
    var model: String
    var schedule: Schedule
    var seed: UInt64
  }

  /// The model trained on the data alone.
  func originalModel(
    _ architecture: Architecture, _ parts: DataPart.Parts, _ context: CellContext
  ) throws -> any TrainableModel {
    let key = OriginalKey(data: data, model: model, schedule: schedule, seed: seed)
    let path = try context.artifact("original-\(data.dataset)-\(model)-seed-\(seed)", key: key) {
      let arm = Arm(.original)
      var none = ExampleMaker(arm, of: parts.train.samples, seed: seed) { _, _, _, _ in
        throw StudyError.settings("the original model has no examples")
      }
      var training = Retraining(
        model: try architecture.makeModel(seed: seed, device: context.data.device), schedule: schedule,
        seed: seed, parts: parts,
        measure: { try errors(of: $0, parts) })
      try training.run(&none, context)
      return try Checkpoint(training.model).encoded()
    }
    return try Checkpoint.read(path, device: context.data.device).model
  }

  /// Attacks samples: what is made once in the cell's own folder, so that hours of it survive a stop.
  func attacked(
    _ set: Tensor, _ parts: DataPart.Parts, _ recipe: Recipe, _ model: any Model, _ seed: UInt64,
    _ context: CellContext
  ) throws -> Examples {
    let attack = try recipe.makeAttack(on: model, samples: set, seed: seed)
    if arm.source == .online {
      return try Examples(
        (0..<recipe.copies).map { copy in
          try attack.run(
            set, range: 0..<set.shape[0], copy: copy, threads: context.threads,
            isCancelled: context.stopsEarly
          ).examples
        })
    }
    let identity = RunIdentity(
      recipe: try recipe.yaml(run: ["seed": seed]), model: try model.digest(),
      data: "\(parts.entry.dataset.digest)/\(set.shape[0])",
      software: Software.versions(libtorch: LibTorch.version, device: "\(context.data.device)"))
    let start = ContinuousClock.now
    let (directory, outcome, _) = try AttackRun(attack, copies: recipe.copies, threads: context.threads).run(
      set, folder: context.scratch, identity: identity,
      progress: RunProgress(
        style: .lines, unit: "samples of \(label)", interval: 60,
        write: { text in
          // Of short work the study's own line says enough.
          guard text.hasPrefix("resuming") || ContinuousClock.now - start > .seconds(30) else { return }
          context.note(text.trimmingCharacters(in: .newlines))
        }),
      isCancelled: context.stopsEarly)
    if outcome.interruption != nil { throw CancellationError() }
    return try Examples(of: directory)
  }

  /// The trained model's errors on what the cell may see.
  func errors(of model: any Model, _ parts: DataPart.Parts) throws -> Errors {
    let test = usesTest ? try sampleErrors(model, parts.test) : nil
    let classes = parts.entry.dataset.classNames.count
    var sums = [Double](repeating: 0, count: classes), counts = sums
    for (error, label) in zip(test ?? [], parts.test.labels ?? []) where label < classes {
      sums[label] += error
      counts[label] += 1
    }
    return Errors(
      train: mean(try sampleErrors(model, parts.train)),
      validation: parts.validation.count > 0 ? mean(try sampleErrors(model, parts.validation)) : nil,
      test: test.map(mean), perClass: test == nil ? [] : zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan })
  }

  /// The examples that a picture shows, one per training sample.
  func shown(_ maker: ExampleMaker) -> Tensor? {
    if arm.source == .mixup { return BatchAugmentation.mixup(maker.set, seed: seed) }
    if arm.source == .starts, let made = maker.sets.first, let rows = maker.rows.first {
      return maker.completed(made, at: rows)
    }
    guard let found = maker.found else { return nil }
    let first = found.copy.indices.filter { found.copy[$0] == 0 }
    return maker.completed(found.perturbed.gathered(first), at: first.map { found.index[$0] })
  }

  /// What the examples are like; nil for arms without examples of their own.
  func figures(
    _ maker: ExampleMaker, _ original: any Model, _ parts: DataPart.Parts
  ) throws -> ExampleFigures? {
    let set = maker.set
    guard
      let perturbed = arm.source == .mixup && schedule.epochs != nil ? shown(maker) : maker.found?.perturbed
    else { return nil }
    let originals = maker.found.map { set.gathered($0.index) } ?? set
    // What counts is one criterion for every arm, also for those whose search has another one.
    let judge = Choice(original.outputs.contains(.reconstruction) ? "reconstruction" : "same-class")
    let isJudge = maker.found != nil && arm.attack.criterion.name == judge.name
    let f = try criterionValues(judge, original, originals, perturbed)
    let sizes = PerturbationSizes(originals, perturbed)
    let won =
      isJudge
      ? maker.found?.succeeded ?? [] : zip(f, sizes.lInfinity).map { $0 <= 0 && $1 > 0 }
    let learned = maker.sets.isEmpty ? perturbed : concatenated(maker.sets)
    let bases = maker.rows.isEmpty ? originals : set.gathered(maker.rows.flatMap { $0 })
    return ExampleFigures(
      sizes, won: won, keepsAll: !isJudge, criterion: f, similarity: maker.found?.similarity,
      statuses: Dictionary(grouping: maker.found?.status ?? [], by: { "\($0)" }).mapValues(\.count),
      trainedL2: mean(withoutGrad { (learned - bases).sampleNorms() }.doubles))
  }

  /// f(x′) of every sample.
  private func criterionValues(
    _ choice: Choice, _ model: any Model, _ set: Tensor, _ perturbed: Tensor
  ) throws -> [Double] {
    let criterion = try Criteria.make(choice, on: model)
    return try withoutGrad {
      try stride(from: 0, to: set.shape[0], by: 512).flatMap { start -> [Double] in
        let range = start..<min(start + 512, set.shape[0])
        return try criterion.bind(set[range]).values(perturbed[range]).doubles
      }
    }
  }
}
