import Attacks
import Formats
import Foundation
import Yams

/// All that decides a search, as its folder's `plan.yaml` has it: the same plan gives the same choice and the same figures.
public struct SearchPlan: Codable, Equatable, Sendable {
  /// The data set's name.
  public var dataset: String
  /// The digest of the data as used, and how many samples there are to train on.
  public var digest: String
  /// Its training samples.
  public var samples: Int
  /// How many of these are held out for choosing; which ones, each seed draws for itself.
  public var validation: Int
  /// The model's family.
  public var model: String
  /// The length of its code; nil for the usual one.
  public var code: Int?
  /// Samples of an update.
  public var batchSize: Int
  /// The optimiser's steps of every arm, but of those that are said to train longer.
  public var updates: Int
  /// The first seed of the comparison at the end, and how many there are. Choices are made from other seeds.
  public var seed: UInt64
  /// The paired seeds of the final comparison.
  public var seeds: Int
  /// The version of this program.
  public var software: [String: String]

  /// The fewest samples that a choice can be made from.
  static let fewest = 20
  /// The seeds of the three rounds. In a round every arm that is left is trained once per seed.
  static let rounds = [1, 1, 2]
  /// The share of the arms that is left after each round but the last.
  static let kept = 1.0 / 3
  /// The share of the validation error that a way has to save to be chosen before the same data.
  static let worthwhile = 0.01
  /// The share of a budget that is planned for: what is measured in half a second is not what holds for minutes.
  static let planned = 0.85
  /// Learning rates of Adam that the same data are tried with, besides the family's own optimiser.
  static let rates: [Double] = [1e-3, 3e-3, 1e-2]
  /// The numbers of updates that a budget is rounded down to, so that it does not hang on the machine's mood.
  static let ladder = (2...5).flatMap { power in
    [10, 15, 20, 30, 50, 70].map { $0 * Int(pow(10, Double(power - 1))) }
  }

  /// The seeds that round `number` (from 0) adds.
  func searchSeeds(_ number: Int) -> [UInt64] {
    let before = Self.rounds.prefix(number).reduce(0, +)
    return (0..<Self.rounds[number]).map { seed &+ 1000 &+ UInt64(before + $0) }
  }

  /// The seeds of the comparison on the test set.
  package var testSeeds: [UInt64] { (0..<UInt64(seeds)).map { seed &+ $0 } }

  /// A pass over all samples, in updates.
  var passSize: Double { Double(samples) / Double(batchSize) }

  /// How many updates per training a budget allows.
  ///
  /// - Parameters:
  ///   - secondsPerUpdate: on one thread, while the other workers train too.
  ///   - passSize: a pass over all samples, in updates.
  /// - Throws: ``StudyError/settings(_:)`` where even the smallest plan would take longer.
  package static func updates(
    budget: Double, secondsPerUpdate: Double, of work: SearchWork, passSize: Double, workers: Int
  ) throws -> Int {
    let affordable = planned * budget * Double(workers) / secondsPerUpdate
    guard let updates = ladder.last(where: { work.updates(each: $0, passSize: passSize) <= affordable })
    else {
      let least =
        work.updates(each: ladder[0], passSize: passSize) * secondsPerUpdate / Double(workers) / planned
      throw StudyError.settings(
        "a budget of \(budget.durationText) is too small: with \(ladder[0]) updates per training the search takes about "
          + "\(least.rounded(.up).durationText) here")
    }
    return updates
  }

  // MARK: - The plan's file

  static let fileName = "plan.yaml"

  var yaml: String {
    get throws { try YAMLEncoder.plain(self) }
  }

  /// The plan of a folder; nil where it has none.
  /// - Throws: ``StudyError/settings(_:)`` for a file that holds something else.
  static func read(_ folder: String) throws -> SearchPlan? {
    let path = "\(folder)/\(fileName)"
    guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
    do { return try YAMLDecoder().decode(Self.self, from: String(decoding: bytes, as: UTF8.self)) } catch {
      throw StudyError.settings("\(path) is damaged; choose another --out, or delete the folder")
    }
  }
}
