import Attacks
import Models
import Synchronization
import Torch

/// UAEs made anew against the model while it trains: each epoch's data is the originals and the examples at hand.
final class OnlineExamples: Sendable {
  private let plan: AugmentPlan
  private let seed: UInt64
  private let report: StageReport
  private let current = Mutex<Tensor?>(nil)

  init(plan: AugmentPlan, seed: UInt64, report: StageReport) {
    self.plan = plan
    self.seed = seed
    self.report = report
  }

  /// The data of an epoch `[2 · count, …]`, or fewer where failures are dropped.
  func data(epoch: Int, model: any Autoencoder) throws -> Tensor {
    let every = plan.recipe.retraining.onlineEvery
    let held = current.withLock { $0 }
    if let held, epoch % every != 0 { return held }
    // Each time has draws of its own, and a resumed training finds the same ones.
    let seed = self.seed &+ UInt64(epoch / every + 1) &* 0x9E37_79B9
    var settings = plan.recipe.attack
    settings.iterations = plan.recipe.retraining.onlineIterations
    let attack = try settings.makeAttack(on: model, seed: seed)
    let report = self.report
    let result = try attack.run(
      plan.train, range: 0..<plan.train.shape[0], threads: plan.threads, isCancelled: { report.isCancelled() }
    )
    let added = try plan.substituted(
      result.perturbed, succeeded: result.status.map { $0 == .succeeded }, seed: seed, copy: 0)
    let fresh = concatenated([plan.train, added])
    current.withLock { $0 = fresh }
    return fresh
  }
}
