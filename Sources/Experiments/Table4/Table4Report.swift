import Formats
import Foundation
import Reports

/// The outputs of the study: Markdown, CSV, JSON and pictures, made from the finished cells of one or more folders.
public struct Table4Report: Sendable {
  /// A folder's finished cells.
  struct Part: Sendable {
    let store: CellStore
    let rows: [Table4Row]
    let commands: [String]
  }

  let parts: [Part]

  /// - Throws: ``StudyError/settings(_:)`` for a folder without finished cells.
  public init(folders: [String]) throws {
    parts = try folders.map { folder in
      guard FileManager.default.fileExists(atPath: folder + "/cells") else {
        throw StudyError.settings("\(folder) holds no study")
      }
      let store = try CellStore(folder: folder)
      let rows = Table4Row.rows(try store.all())
      guard !rows.isEmpty else { throw StudyError.settings("\(folder) has no finished cells") }
      let commands = (try? String(contentsOfFile: folder + "/commands.txt", encoding: .utf8)) ?? ""
      return Part(store: store, rows: rows, commands: commands.split(separator: "\n").map(String.init))
    }
  }

  /// The first table, as a terminal shows it.
  public var summary: String {
    get throws {
      try parts.flatMap(\.rows).map { row in
        "\(row.title) (\(row.trainCount) training samples, \(row.key.epochs) epochs)\n"
          + (try Table4Tables.errors([row], \.testError, published: true).markdown)
      }.joined(separator: "\n")
    }
  }

  /// Every figure of every cell, machine-readable.
  public var csv: String { get throws { try Table4Tables.cells(parts.flatMap(\.rows)).csv } }

  /// The cells as they are in their files, as one document.
  public var json: Data {
    get throws {
      struct Entry: Encodable {
        var cell: Experiment
        var outcome: Experiment.Outcome
        var seconds: Double
      }
      let cells = parts.flatMap(\.rows).flatMap(\.arms).flatMap(\.cells)
      return try JSON.encoder().encode(
        cells.map { Entry(cell: $0.cell, outcome: $0.outcome, seconds: $0.seconds) })
    }
  }

  /// Writes the page, its CSV and JSON beside it, and its pictures into a folder beside it that bears its name.
  public func write(page: String) throws {
    let stem = String(page.hasSuffix(".md") ? page.dropLast(3) : Substring(page))
    let images = stem + "-images"
    try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    let folder = URL(fileURLWithPath: images).lastPathComponent
    var text = Self.preface + settings
    let rows = parts.flatMap(\.rows)
    let findings = Table4Findings.sentences(rows)
    if !findings.isEmpty {
      text += "\n## What was found\n\n" + findings.map { "- \($0)\n" }.joined()
    }
    let commands = parts.flatMap(\.commands)
    if !commands.isEmpty { text += "\n## Commands\n\n```\n\(commands.joined(separator: "\n"))\n```\n" }
    for group in Dictionary(grouping: rows, by: Group.init).sorted(by: { $0.key < $1.key }) {
      text += try section(group.key, rows.filter { Group($0) == group.key })
    }
    text += "\n## Pictures\n"
    for part in parts {
      for row in part.rows {
        for picture in try Table4Pictures.write(row, store: part.store, folder: images) {
          text += "\n\(picture.shows)\n\n![\(picture.shows)](\(folder)/\(picture.file))\n"
        }
      }
    }
    try AtomicFile.write(Data(text.utf8), to: stem + ".md")
    try AtomicFile.write(Data(try csv.utf8), to: stem + ".csv")
    try AtomicFile.write(try json, to: stem + ".json")
  }

  /// Rows that one set of tables shows: a data set at a size.
  private struct Group: Hashable, Comparable {
    var dataset: String
    var trainCount: Int

    init(_ row: Table4Row) {
      dataset = row.key.dataset
      trainCount = row.trainCount
    }

    static func < (a: Group, b: Group) -> Bool { (a.dataset, -a.trainCount) < (b.dataset, -b.trainCount) }
  }

  private func section(_ group: Group, _ rows: [Table4Row]) throws -> String {
    let published =
      PublishedTable4.figure(dataset: group.dataset, model: "dense-autoencoder", arm: Table4Arms.original)
      != nil
    var text = "\n## \(group.dataset), \(group.trainCount) training samples\n\n"
    for row in rows {
      text += "- \(row.key.model): \(row.key.epochs) epochs, batches of \(row.key.batchSize), "
      text += "seeds \(row.seeds.map(String.init).joined(separator: ", ")), \(row.testCount) test samples.\n"
    }
    for note in Set(rows.flatMap(\.notes)).sorted() { text += "- Data: \(note).\n" }
    if group.dataset == "cifar10" {
      text += "- This set stands in for SVHN as the colour set: the paper has no figures for it.\n"
    }
    text += "\n### As in the paper: all epochs on the doubled set\n\n"
    text +=
      "Every arm but *original* is trained for twice the optimiser steps of *original*; *repeated* has the same "
    text +=
      "number of steps as they have. Change of the mean test error with its 95 % BCa interval over paired seeds; "
    text += "p of the two-sided sign-flip test.\n\n"
    text += try Table4Tables.errors(rows, \.testError, published: published).markdown
    text += "\n### Equal steps: every arm after as many optimiser steps as *original*\n\n"
    text +=
      "The same runs, measured after half of their epochs: each sample, original or example, was then seen half "
    text += "as often as *original* has seen its samples.\n\n"
    text += try Table4Tables.errors(rows, \.equalUpdatesTestError, published: false).markdown
    text += "\n### What the examples are\n\n"
    text +=
      "ASR: share of training samples with f(x′) ≤ 0 and x′ ≠ x, f the paper's criterion with κ as given, for "
    text += "every arm. The other columns are over these (mixup and pgd: over all, since they keep all).\n\n"
    text += try Table4Tables.examples(rows).markdown
    text += "\n### Training error\n\n"
    return text + (try Table4Tables.training(rows).markdown)
  }

  /// How the examples of each arm were made, from the cells.
  private var settings: String {
    let lines = parts.flatMap(\.rows).flatMap(\.arms).filter(\.arm.addsExamples).map {
      "- *\($0.name)*: \($0.arm.description)\n"
    }
    var seen: Set<String> = []
    return "The settings of the runs that this page shows:\n\n"
      + lines.filter { seen.insert($0).inserted }.joined() + "\n"
  }

  private static let preface = """
    # Table 4, run again: data reconstruction with adversarial examples as augmentation

    Made by `uae reproduce table4` from the cells of its runs; every figure is measured, none is copied but those in \
    columns named *paper*. Protocol: train from scratch with the authors' layers, losses, optimisers and batches; make \
    examples of all training samples against that model; replace examples that fail the criterion by their originals \
    (mixup and pgd keep all); retrain from scratch, from the same initial weights, on originals and examples; report \
    the mean squared reconstruction error over the untouched test set. Arms of one seed share initial weights and \
    original model, so seeds are paired.

    - *ga-σ*: Gaussian noise; *mixup*: one mixture with another sample, its weight uniform; *pgd*: sign steps that raise \
    ‖x′ − Φ(x′)‖; *far-noise*, *far-mix*: this program's far recipes; *repeated*: the training set twice, no new example \
    at all; *mine-uae-code*: two choices of the authors' published code; *l2-uae*: ‖x − Φ(x′)‖₂ in the information's place.

    """
}
