import Evaluation
import Experiments
import Formats
import Foundation
import Models
import Runs
import Testing
import Torch

@Suite struct Table5Tests {
  /// Every arm has the same updates but for the published repetition and what halving rounds off, and each runs, on a table as on
  /// images.
  @Test(arguments: [("digits", "simclr-convnet"), ("digits", "simclr-dense")])
  func everyArmRuns(_ dataset: String, _ model: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "table5-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var plan = try Table5.plan("smoke")
    plan.dataset = dataset
    plan.model = model
    plan.samples = 100
    plan.epochs = 2
    plan.seeds = 1
    plan.iterations = 2
    plan.arms = Table5Arm.allCases
    try plan.validate()
    let found = try StudyRun<Table5>(plan: plan, folder: folder, software: ["test": "1"])
      .run(workers: 2, progress: RunProgress(style: .quiet), command: "test")
    var updates: [Table5Arm: Int] = [:]
    for finished in found.all where finished.cell.isTrial != true {
      updates[finished.cell.arm] = finished.outcome.updates
      #expect(finished.outcome.quality.linear > 0.2)
      #expect((0...1).contains(try #require(finished.outcome.robust)))
    }
    #expect(Set(updates.keys) == Set(Table5Arm.allCases))
    let usual = try #require(updates[.original])
    for (arm, count) in updates where arm != .repeated { #expect(count == usual, "\(arm)") }
    #expect(updates[.repeated] == 3 * usual)
    #expect(found.all.contains { $0.cell.isTrial == true })
  }
}
