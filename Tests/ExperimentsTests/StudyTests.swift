import Foundation
import Experiments
import Runs
import Synchronization
import Testing

/// Counts how often cells really ran, across copies of a cell.
private final class Ledger: Sendable {
  static let shared = Ledger()
  let runs = Mutex<[String: Int]>([:])
  let artifacts = Mutex<[String: Int]>([:])
}

private struct SquareCell: StudyCell {
  var test: String
  var number: Int
  var mode = "fine"
  var label: String { "\(test)/square/\(number)" }
  var sets: [DataPart] { [] }

  struct Outcome: Codable, Sendable, Equatable {
    var square: Double
    var undefined: Double
  }

  func run(_ context: CellContext) throws -> Outcome {
    try context.checkCancelled()
    if mode == "fails" { throw StudyError.settings("number \(number) is refused") }
    let path = try context.artifact("shared", key: [test]) {
      Ledger.shared.artifacts.withLock { $0[test, default: 0] += 1 }
      Thread.sleep(forTimeInterval: 0.05)
      return [7]
    }
    #expect(FileManager.default.contents(atPath: path) == Data([7]))
    Ledger.shared.runs.withLock { $0[label, default: 0] += 1 }
    // The cell itself may be the key of a file that belongs to it.
    _ = try context.artifact("own", key: self) { [UInt8(number)] }
    return Outcome(square: Double(number * number), undefined: .nan)
  }
}

/// Two cells need a file that takes as long to make as the third cell takes to end.
private struct SharingCell: StudyCell {
  static let thirdEnded = DispatchSemaphore(value: 0)

  var number: Int
  var label: String { "sharing/\(number)" }
  var sets: [DataPart] { [] }

  func run(_ context: CellContext) throws -> Bool {
    guard number < 2 else {
      Self.thirdEnded.signal()
      return true
    }
    var ended = true
    _ = try context.artifact("slow", key: "slow") {
      ended = Self.thirdEnded.wait(timeout: .now() + 20) == .success
      return [1]
    }
    return ended
  }
}

@Suite struct StudyTests {
  private static func folder(_ name: String) -> String {
    NSTemporaryDirectory() + "study-\(name)-\(UUID().uuidString)"
  }

  private func study(
    _ test: String, _ folder: String, _ count: Int = 12, fails: [Int] = [], version: String = "1"
  ) throws -> CellRunner<SquareCell> {
    try CellRunner(
      store: CellStore(folder: folder, software: ["test": version]),
      cells: (0..<count).map {
        SquareCell(test: test, number: $0, mode: fails.contains($0) ? "fails" : "fine")
      })
  }

  @Test func everyCellRunsOnceAndFinishedOnesAreSkipped() throws {
    let folder = Self.folder(#function)
    let first = try study("once", folder)
    try first.run(workers: 3, progress: .quiet)
    try study("once", folder, 14).run(workers: 2, progress: .quiet)
    let finished = try study("once", folder, 14).finished()
    #expect(finished.map(\.outcome.square) == (0..<14).map { Double($0 * $0) })
    #expect(
      finished.allSatisfy { $0.outcome.undefined.isNaN }, "numbers that are not finite survive the file")
    let counts = Ledger.shared.runs.withLock { $0.filter { $0.key.hasPrefix("once/") } }
    #expect(counts.count == 14 && counts.values.allSatisfy { $0 == 1 })
    #expect(Ledger.shared.artifacts.withLock { $0["once"] } == 1, "a shared file is made once")
  }

  @Test func noWorkerWaitsForASharedFileWhileOtherCellsAreOpen() throws {
    let study = try CellRunner(
      store: CellStore(folder: Self.folder(#function), software: ["test": "1"]),
      cells: (0..<3).map { SharingCell(number: $0) })
    try study.run(workers: 2, progress: .quiet)
    #expect(try study.finished().map(\.outcome) == [true, true, true])
  }

  @Test func twoRunsAtATimeShareTheCells() async throws {
    let folder = Self.folder(#function)
    let runs = [try study("shared", folder, 30), try study("shared", folder, 30)]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for run in runs { group.addTask { try run.run(workers: 2, progress: .quiet) } }
      try await group.waitForAll()
    }
    let counts = Ledger.shared.runs.withLock { $0.filter { $0.key.hasPrefix("shared/") } }
    #expect(counts.count == 30 && counts.values.allSatisfy { $0 == 1 })
  }

  @Test func aFailedCellHarmsNoOtherAndIsTriedAgain() throws {
    let folder = Self.folder(#function)
    let error = #expect(throws: StudyError.self) {
      try study("failing", folder, 6, fails: [2, 4]).run(workers: 2, progress: .quiet)
    }
    #expect(error?.description.contains("2 cells failed") == true)
    #expect(error?.description.contains("is refused") == true)
    #expect(try study("failing", folder, 6).finished().count == 4)
    try study("failing", folder, 6).run(workers: 1, progress: .quiet)
    #expect(try study("failing", folder, 6).finished().count == 6)
  }

  @Test func aDamagedFileIsAnUnfinishedCell() throws {
    let folder = Self.folder(#function)
    let study = try study("damaged", folder, 3)
    try study.run(workers: 1, progress: .quiet)
    let path = try study.store.path(of: study.cells[1])
    try Data("{\"cell\":".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try study.finished().count == 2)
    try study.run(workers: 1, progress: .quiet)
    #expect(try study.finished().map(\.outcome.square) == [0, 1, 4])
  }

  @Test func whatAnotherVersionMadeIsKeptAndNotUsed() throws {
    let folder = Self.folder(#function)
    try study("versions", folder, 3).run(workers: 1, progress: .quiet)
    let newer = try study("versions", folder, 3, version: "2")
    #expect(try newer.finished().isEmpty)
    // A page is made of this version's cells; where it has none, of another one's.
    #expect(try FinishedCells<SquareCell>(folders: [folder], software: ["test": "2"]).software == "test 1")
    try newer.run(workers: 1, progress: .quiet)
    let runs = Ledger.shared.runs.withLock { $0.filter { $0.key.hasPrefix("versions/") } }
    #expect(runs.count == 3 && runs.values.allSatisfy { $0 == 2 })
    #expect(Ledger.shared.artifacts.withLock { $0["versions"] } == 2, "shared files have a version too")
    #expect(try study("versions", folder, 3).finished().count == 3)
    let found = try FinishedCells<SquareCell>(folders: [folder], software: ["test": "2"])
    #expect(found.all.count == 3 && found.software == "test 2")
    let error = #expect(throws: StudyError.self) {
      try FinishedCells<SquareCell>(folders: [folder], software: ["test": "3"])
    }
    #expect(error?.description.contains("by test 1 and by test 2") == true)
  }

  @Test func idleThreadsGoToTheCellsAtWork() {
    let budget = ThreadBudget(5)
    #expect(budget.share == 1)
    budget.retire()
    #expect(budget.share == 1, "one idle thread is not enough for four cells")
    for _ in 0..<2 { budget.retire() }
    #expect(budget.share == 2)
    budget.retire()
    #expect(budget.share == 5)
  }

  @Test func anotherSettingIsAnotherCell() throws {
    let folder = Self.folder(#function)
    let store = try CellStore(folder: folder, software: ["test": "1"])
    let a = try store.path(of: SquareCell(test: "t", number: 1, mode: "fine"))
    let b = try store.path(of: SquareCell(test: "t", number: 1, mode: "other"))
    #expect(a != b)
  }

  @Test func aStopLeavesOnlyWholeCells() throws {
    let folder = Self.folder(#function)
    let asked = Mutex(0)
    #expect(throws: CancellationError.self) {
      try study("stopped", folder).run(
        workers: 1,
        progress: RunProgress(
          style: .quiet,
          isCancelled: {
            asked.withLock {
              $0 += 1
              return $0 > 9
            }
          }))
    }
    let done = try study("stopped", folder).finished().count
    #expect(0 < done && done < 12)
    try study("stopped", folder).run(workers: 1, progress: .quiet)
    #expect(try study("stopped", folder).finished().count == 12)
  }
}
