import Evaluation
import Experiments
import Foundation
import Runs
import Testing

@Suite struct EstimatorStudyTests {
  private static let plan = Result { try Estimators.plan("smoke").narrowed(to: [("seed", ["3"])]) }

  private static func study(_ folder: String) throws -> StudyRun<Estimators> {
    StudyRun(plan: try plan.get(), folder: folder, software: ["test": "1"])
  }

  private static func folder() -> String { NSTemporaryDirectory() + "estimators-\(UUID().uuidString)" }

  @Test func thePageHasEveryFigureAndPictureWhateverTheWorkersAndStops() throws {
    let folder = Self.folder(), other = Self.folder()
    defer { for folder in [folder, other] { try? FileManager.default.removeItem(atPath: folder) } }
    let study = try Self.study(folder)
    try study.run(workers: 2, progress: .quiet, command: "the command")
    // Stopped after the first cells, and gone on with by one worker.
    let cells = other + "/cells"
    @Sendable func finished() -> Int {
      ((try? FileManager.default.contentsOfDirectory(atPath: cells)) ?? []).count
    }
    let stopping = RunProgress(style: .quiet, isCancelled: { finished() > 5 })
    #expect(throws: CancellationError.self) {
      try Self.study(other).run(workers: 2, progress: stopping, command: "the command")
    }
    #expect((6..<38).contains(finished()))
    try Self.study(other).run(workers: 1, progress: .quiet, command: "the command")
    let document = try study.document()
    #expect(try document.json == Self.study(other).document().json)

    try document.write(page: folder + "/page.md")
    let text = try String(contentsOfFile: folder + "/page.md", encoding: .utf8)
    let pictures = text.matches(of: /\]\((page-images\/[a-z]+\.svg)\)/).map { String($0.1) }
    #expect(Set(pictures).count == 7)
    for picture in pictures {
      let svg = try String(contentsOfFile: "\(folder)/\(picture)", encoding: .utf8)
      #expect(svg.hasPrefix("<svg") && !svg.contains("nan"), "\(picture)")
    }
    #expect(text.contains("`the command`: seed 3, test 1."))

    let all = try FinishedCells<EstimatorCell>(folders: [folder], software: ["test": "1"]).all
    let infoNCE = try #require(
      all.flatMap(\.outcome.gaussians).first {
        $0.estimator == .infoNCE && $0.truth == 10 && $0.batchSize == 64
      })
    #expect(infoNCE.estimate.maximum <= log(64) + 1e-4)
    // Both critics and the views' own estimate, over all pairs and by kind.
    let pairs = all.compactMap(\.outcome.pairs)
    #expect(pairs.map(\.kinds.count).sorted() == [6, 6, 30, 30])
    let closedForm = try #require(all.first { $0.cell.label.contains("closed-form") }?.outcome.pairs)
    #expect(Set(closedForm.kinds).count == 3)
    #expect(try spearmanCorrelation(closedForm.truth, closedForm.single[0]) > 0.95)
  }

  @Test(arguments: Estimators.scales.map(\.key))
  func theScalesParse(_ scale: String) throws {
    let plan = try Estimators.plan(scale)
    #expect(try Estimators.cells(plan, stage: 0, FinishedCells([]))?.count ?? 0 > 30)
  }
}
