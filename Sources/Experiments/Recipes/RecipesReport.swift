import Evaluation
import Formats
import Foundation
import Reports

/// The page of the study, from finished cells alone.
public struct RecipesReport: Sendable {
  private let plan: RecipesPlan
  private let store: CellStore
  private let choice: RecipesChoice
  private let rows: [RecipesRow]
  private let command: String

  /// - Throws: ``StudyError/settings(_:)`` where too few cells are finished.
  public init(_ plan: RecipesPlan, folder: String, command: String) throws {
    guard FileManager.default.fileExists(atPath: folder + "/cells") else {
      throw StudyError.settings("\(folder) holds no study")
    }
    let store = try CellStore(folder: folder)
    let choice = try RecipesChoice(plan, store: store)
    self.plan = plan
    self.store = store
    self.choice = choice
    self.command = command
    rows = try plan.groups.map { try RecipesRow($0, plan: plan, choice: choice, store: store) }
      .filter { !$0.arms.isEmpty }
    guard !rows.isEmpty else { throw StudyError.settings("\(folder): the comparison has no finished cells") }
  }

  /// The verdicts, favourable or not.
  public var findings: [String] {
    RecipesFindings.sentences(rows, choice, plan) + [convergence].compactMap { $0 }
  }

  /// Whether the plain training has converged.
  private var convergence: String? {
    let parts = plan.groups.compactMap { group -> String? in
      func error(_ factor: Double) -> Double? {
        let cells = plan.convergenceCells.filter { RecipesGroup($0) == group.lasting(factor) }
        let values = cells.compactMap { (try? store.finished($0))?.outcome.trained.validation }
        return values.isEmpty ? nil : mean(values)
      }
      guard plan.convergence.contains(2), plan.convergence.contains(1), let once = error(1),
        let twice = error(2)
      else { return nil }
      return "\(group.label) \(ComparisonText.percent(twice / once - 1))"
    }
    return parts.isEmpty
      ? nil
      : "Twice the updates change the validation error of the same data by: \(parts.joined(separator: ", "))."
  }

  /// Writes the page, its CSV beside it, and its pictures into a folder beside it that bears its name.
  public func write(page: String) throws {
    let stem = String(page.hasSuffix(".md") ? page.dropLast(3) : Substring(page))
    let images = stem + "-images"
    try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    let folder = URL(fileURLWithPath: images).lastPathComponent
    func picture(_ name: String, _ plot: Plot) throws -> String {
      try AtomicFile.write(Data(try plot.svg().utf8), to: "\(images)/\(name).svg")
      return "\n![\(plot.title)](\(folder)/\(name).svg)\n"
    }
    var text = "# Which way of augmenting helps\n\n"
    text += findings.map { "- \($0)\n" }.joined() + Self.method(plan) + "\n```\n\(command)\n```\n"
    for row in rows { text += try section(row, picture) }
    text += "\n## How the settings were chosen\n\n" + Self.choosing + "\n"
    text += try RecipesTables.candidates(choice, plan).markdown
    text += try picture("noise", RecipesPlots.noise(choice, plan))
    text += "\n## Trained until the validation error stops falling\n\n" + Self.convergence + "\n"
    text += try RecipesTables.convergence(plan, store).markdown
    text += try picture("course", RecipesPlots.course(rows))
    try AtomicFile.write(Data(text.utf8), to: stem + ".md")
    try AtomicFile.write(Data(try RecipesTables.cells(rows).csv.utf8), to: stem + ".csv")
  }

  private func section(_ row: RecipesRow, _ picture: (String, Plot) throws -> String) throws -> String {
    let name = row.group.label.replacing("/", with: "-")
    var text = "\n## \(row.group.dataset), \(row.group.model)\n\n"
    text += row.isDevelopment ? "A group of development: " : "A group of confirmation: "
    text +=
      row.isDevelopment
      ? "settings are those that were best on its own validation samples.\n"
      : "settings come from the groups of development; only the noise was tuned here.\n"
    let seeds = Set(row.arms.flatMap(\.seeds)).sorted()
    text +=
      "\(row.group.samples) training samples, \(row.group.updates) updates in batches of \(row.group.batchSize), seeds "
      + "\(seeds.map(String.init).joined(separator: ", ")). Lower is better; change of the mean with its 95 % BCa "
      + "interval; p of the two-sided sign-flip test, of recipes corrected by Holm over the recipes.\n\n"
    text += try RecipesTables.errors(row).markdown
    text += try picture(name, RecipesPlots.changes(row))
    text +=
      "\nExamples (online: of the last making) and cost in seconds of one thread, the training of the model that "
    text +=
      "examples are made against included in the last column:\n\n"
      + (try RecipesTables.examples(row).markdown)
    text += try picture(name + "-time", RecipesPlots.time(row))
    text += "\nThe trained models, on test images that are noisy, occluded, shifted or attacked:\n\n"
    return text + (try RecipesTables.robustness(row).markdown)
  }

  private static func method(_ plan: RecipesPlan) -> String {
    """

    Made by the command below; every sentence and figure comes from its cells. In every arm of a seed the training \
    samples, initial weights, number of updates, batches, Adam and the half-cosine to a rate of 0 are \
    the same; half of each batch is original, the other half is what the arm says (*same data*: originals again). \
    The input is also the target. Seeds 1…\(plan.seeds) are compared; settings were chosen with \
    other seeds (from 1001) on validation samples that neither training nor test has. The test set is read by the \
    comparison alone.

    - *same data*: the control for repetition and for longer training. *tuned noise*: x + σ N(0, I), fresh for every \
    batch. *mixup*: w x + (1 − w) z, w uniform, fresh for every batch.
    - *far-noise*, *far-mix*: UAEs by switching steps from noise or from a mixture, made once against the model \
    trained on the same data; *online*: made anew against the model in training every so many passes; *paper*: \
    Algorithm 1 with MINE; *l2-uae*: Algorithm 1 with the paper's L2 objective. With `failures=drop` only successes are \
    learned from, with `start` a failure is replaced by where it started, else by its original.
    - Controls that follow the chosen far recipe: *untrained model* (UAEs of the model before training), *static noise* and \
    *static mix* (the same starts without steps), *noise of equal norm* (Gaussian, each as long as the UAE's δ; *online*: as the UAEs made anew while training).
    - *the recipe*: the one setting that wins over the groups of development, unchanged in every group.
    - affinity: the trained original model's error on augmented samples against that on validation samples, less 1; \
    diversity: the final training error on augmented samples (arXiv 2002.08973, for reconstruction).

    """
  }

  private static let choosing = """
    Change of the validation error against the same data, mean over the tuning seeds.

    """

  private static let convergence = """
    Validation error of the same data, mean over the tuning seeds, trained with schedules of several lengths (the study's \
    is × 1.0); the rate reaches 0 at the end of each. The plot shows the course of single trainings, mean over the seeds of the comparison.

    """
}
