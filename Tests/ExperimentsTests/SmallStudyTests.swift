import Experiments
import Formats
import Foundation
import Reports
import Runs
import Synchronization
import Testing

/// How many of a file's samples are brighter than a number: a study as small as one can be.
private enum Brightness: Study {
  static let name = "brightness"
  static let summary = "how many samples are bright"
  static let scales: KeyValuePairs<String, [UInt8]> = [
    "small": Array("name: brightness-small\nfile: none\nlevels: [0.25, 0.5]\n".utf8)
  ]

  struct Plan: StudyPlan {
    var name: String
    var file: String
    var levels: [Double]

    static var parts: [PlanPart<Plan>] { [PlanPart("dataset", "a file") { $0.file = $1.joined() }] }

    func validate() throws {
      if levels.isEmpty { throw StudyError.settings("there are no levels") }
    }
  }

  struct Cell: StudyCell {
    var file: String
    var level: Double
    var label: String { "level-\(level)" }
    var sets: [DataPart] { [DataPart(file)] }

    func run(_ context: CellContext) throws -> Int {
      try context.data.load(file).dataset.train.values.count { Double($0) > level }
    }
  }

  /// The first stage's outcomes decide the level of the second.
  static func cells(_ plan: Plan, stage: Int, _ found: FinishedCells<Cell>) throws -> [Cell]? {
    let first = plan.levels.map { Cell(file: plan.file, level: $0) }
    switch stage {
    case 0: return first
    case 1:
      return [
        Cell(file: plan.file, level: Double(first.compactMap { found[$0]?.outcome }.reduce(0, +)) / 100)
      ]
    default: return nil
    }
  }

  static func document(_ plan: Plan, _ found: FinishedCells<Cell>) throws -> Document {
    let level = Column<FinishedCell<Cell>>("level", .decimals(2)) { $0.cell.level }
    let records = try Records([level, Column("bright") { $0.outcome }], found.all)
    return Document(
      try Template("brightness", "{{table}}"), ["table": .table(records.table)], records: records)
  }
}

@Suite struct SmallStudyTests {
  private let folder = NSTemporaryDirectory() + "brightness-\(UUID().uuidString)"

  /// Ten samples, of which eight are to train on.
  private func write(_ value: Float) throws {
    try NPY.write(HostArray([Float](repeating: value, count: 10), shape: [10, 1]), to: folder + "/a.npy")
  }

  private func run(version: String = "1") throws -> (page: String, said: [String]) {
    let said = Mutex<[String]>([])
    let plan = try Brightness.plan("small").narrowed(to: [("dataset", [folder + "/a.npy"])])
    let study = StudyRun<Brightness>(plan: plan, folder: folder + "/run", software: ["test": version])
    let found = try study.run(
      workers: 2, progress: RunProgress(style: .quiet, write: { line in said.withLock { $0.append(line) } }),
      command: "the command")
    return (try study.document(found).markdown(), said.withLock(\.self))
  }

  @Test func otherDataAndOtherSoftwareMakeOtherCellsAndAreSaid() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try write(0.75)
    let first = try run()
    #expect(first.said.isEmpty)
    #expect(first.page.contains("|  0.16 |      8 |"), "\(first.page)")
    #expect(try run() == first)

    let newer = try run(version: "2")
    #expect(newer.page == first.page && newer.said.count == 1)
    #expect(newer.said[0].contains("3 finished cells were made by test 1, this is test 2"))

    try write(0.3)
    let other = try run(version: "2")
    #expect(other.page.contains("|  0.08 |      8 |"), "\(other.page)")
    #expect(other.said.contains { $0.contains("made of other data") || $0.contains("made by test 1") })
    let mixed = #expect(throws: StudyError.self) {
      try FinishedCells<Brightness.Cell>(folders: [folder + "/run"], software: ["test": "2"])
    }
    #expect(mixed?.description.contains("two states of the data set") == true)
    // What was made of the earlier data, and by the earlier version, is still there.
    try write(0.75)
    #expect(try run().page == first.page)
  }

  @Test func unknownNamesAreSaidWithWhatThereIs() throws {
    let study = #expect(throws: StudyError.self) { try Studies.named("table7") }
    let known = Studies.all.map { $0.name }.joined(separator: ", ")
    #expect(study?.description == "unknown study 'table7'; known: \(known)")
    let scale = #expect(throws: StudyError.self) { try Brightness.plan("huge") }
    #expect(scale?.description.contains("there are small, or give a .yaml file") == true)
    let part = #expect(throws: StudyError.self) {
      try Brightness.plan("small").narrowed(to: [("model", ["x"])])
    }
    #expect(part?.description.contains("can be narrowed by; it is dataset") == true)
    let seed = #expect(throws: StudyError.self) {
      try Estimators.plan("smoke").narrowed(to: [("seed", ["x"])])
    }
    #expect(seed?.description == "seed is 'x'; it must be a whole number")
  }
}
