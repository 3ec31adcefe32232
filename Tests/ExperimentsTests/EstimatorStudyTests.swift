import Datasets
import Evaluation
import Experiments
import Foundation
import Runs
import Testing

@Suite struct EstimatorStudyTests {
  func run(threads: Int, progress: RunProgress = .quiet) throws -> EstimatorResults {
    let digits = try DatasetLoader.load("digits", dataRoot: nil, options: .init())
    return try EstimatorStudy(.quick, dataset: digits, seed: 3, threads: threads).run(progress)
  }

  @Test func thePageHasEveryFigureAndPictureWhateverTheThreads() throws {
    let results = try run(threads: 2)
    let report = EstimatorReport(results, command: "the command")
    #expect(try report.json == EstimatorReport(run(threads: 1), command: "the command").json)

    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try report.write(page: folder.path + "/estimators.md")
    let text = try String(contentsOf: folder.appendingPathComponent("estimators.md"), encoding: .utf8)
    let pictures = text.matches(of: /\]\((estimators-images\/[a-z]+\.svg)\)/).map { String($0.1) }
    #expect(Set(pictures).count == 7)
    for picture in pictures {
      let svg = try String(contentsOf: folder.appendingPathComponent(picture), encoding: .utf8)
      #expect(svg.hasPrefix("<svg") && !svg.contains("nan"), "\(picture)")
    }
    #expect(text.contains("the command") && text.contains("seed 3"))
    let infoNCE = try #require(results.optimal.first { $0.estimator == .infoNCE && $0.truth == 10 })
    #expect(infoNCE.estimate.maximum <= log(64) + 1e-4)
    #expect(text.contains(String(format: "it reads %.2f where the truth is 10", infoNCE.estimate.mean)))
    // Both critics and the views' own estimate, over all pairs and by kind.
    #expect(results.ranking.map(\.kinds.count) == [30, 30, 30, 12, 12])
    #expect(results.ranking.allSatisfy { Set($0.kinds).count == 3 })
    #expect(try #require(results.ranking[0].readings[0].correlations.first).coefficient > 0.95)
  }

  @Test func anInterruptionEndsTheStudy() {
    #expect(throws: CancellationError.self) {
      try run(threads: 2, progress: RunProgress(style: .quiet, isCancelled: { true }))
    }
  }
}
